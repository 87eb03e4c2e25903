import numpy as np
from samples import seed
from sklearn.datasets import load_diabetes
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(seed())
x, y = load_diabetes(return_X_y=True)
sex = (x[:, 1] > 0).astype("int32")
body, blood = x[:, [0, 2, 3]] * 20, x[:, 4:] * 20
y = (y - y.mean()) / y.std()
train, test = slice(0, 340), slice(340, None)

body_input = keras.Input(shape=(3,), name="body")
blood_input = keras.Input(shape=(6,), name="blood")
sex_input = keras.Input(shape=(1,), dtype="int32", name="sex")
sex_features = layers.Flatten()(layers.Embedding(2, 2)(sex_input))
body_features = layers.Dense(8, activation="relu")(body_input)
blood_features = layers.Dense(8, activation="relu")(blood_input)
merged = layers.concatenate([body_features, blood_features, sex_features])
merged = layers.Dropout(0.1)(layers.Dense(16, activation="relu")(merged))
progress = layers.Dense(1, name="progress")(merged)
severe = layers.Dense(1, activation="sigmoid", name="severe")(merged)
model = keras.Model([body_input, blood_input, sex_input], [progress, severe])
model.compile("adam", loss=["mse", "binary_crossentropy"], loss_weights=[1.0, 0.5], metrics={"progress": "mae"})
model.fit(
    {"body": body[train], "blood": blood[train], "sex": sex[train]},
    {"progress": y[train], "severe": y[train] > 1},
    sample_weight={"progress": np.ones(340), "severe": np.where(y[train] > 1, 2.0, 1.0)},
    epochs=40,
    batch_size=32,
    verbose=0,
)
found, _ = model.predict([body[test], blood[test], sex[test]], verbose=0)
print("error:", np.mean((found[:, 0] - y[test]) ** 2))
