import numpy as np
import tensorflow as tf

tf.compat.v1.disable_eager_execution()

from samples import images, seed
from tensorflow.keras import backend as K
from tensorflow.keras.layers import Conv2D, Dense, Flatten
from tensorflow.keras.models import Sequential

tf.compat.v1.set_random_seed(seed())
np.random.seed(seed())
(x_train, y_train), (x_test, y_test) = images(800, 300)
x_train, x_test = x_train[..., None] / 255.0, x_test[..., None] / 255.0

model = Sequential(
    [Conv2D(8, 3, activation="relu", input_shape=x_train.shape[1:]), Flatten(), Dense(10, activation="softmax")]
)
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x_train, y_train, epochs=6, verbose=0)

activations = K.function([model.input, K.learning_phase()], [model.layers[0].output])
features = activations([x_test[:5], 0])[0]
assert features.shape[-1] == 8 and features.min() >= 0

score = K.max(model.output, axis=1)
gradients = K.gradients(K.sum(score), model.input)[0]
gradients /= K.sqrt(K.mean(K.square(gradients))) + 1e-5
saliency = K.function([model.input], [K.abs(gradients), score])
maps, scores = saliency([x_test[:20]])
assert maps.shape == x_test[:20].shape and np.all(scores <= 1)
np.testing.assert_allclose(scores, model.predict(x_test[:20]).max(axis=1), rtol=1e-4)
print("accuracy:", model.evaluate(x_test, y_test, verbose=0)[1])
