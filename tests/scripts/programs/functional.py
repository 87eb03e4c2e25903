import numpy as np
from samples import seed
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from tensorflow import keras
from tensorflow.keras import Input, Model, layers, regularizers

keras.utils.set_random_seed(seed())
x, y = load_breast_cancer(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.3, random_state=0, stratify=y)
scaler = StandardScaler().fit(x_train)
x_train, x_test = scaler.transform(x_train), scaler.transform(x_test)

inputs = Input(shape=(30,), name="measurements")
hidden = layers.Dense(32, activation="relu", kernel_regularizer=regularizers.l2(1e-4))(inputs)
side = layers.Dense(32, activation="tanh")(inputs)
merged = layers.add([hidden, side])
merged = layers.BatchNormalization()(merged)
diagnosis = layers.Dense(1, activation="sigmoid", name="diagnosis")(merged)
size = layers.Dense(1, name="size")(merged)
model = Model(inputs=inputs, outputs=[diagnosis, size])
model.compile(
    optimizer=keras.optimizers.RMSprop(learning_rate=0.005),
    loss={"diagnosis": "binary_crossentropy", "size": "mse"},
    loss_weights={"diagnosis": 1.0, "size": 0.1},
    metrics={"diagnosis": ["accuracy", keras.metrics.AUC(name="auc")]},
)
model.fit(
    {"measurements": x_train},
    {"diagnosis": y_train, "size": x_train[:, 0]},
    epochs=15,
    batch_size=16,
    verbose=0,
    validation_data=(x_test, [y_test, x_test[:, 0]]),
)
results = model.evaluate(x_test, {"diagnosis": y_test, "size": x_test[:, 0]}, verbose=0, return_dict=True)
probabilities, sizes = model.predict(x_test, verbose=0)
assert probabilities.shape == sizes.shape == (len(x_test), 1)
assert np.mean((probabilities[:, 0] > 0.5) == y_test) - results["diagnosis_accuracy"] < 1e-6
print("accuracy:", results["diagnosis_accuracy"])
