import numpy as np
from samples import images, seed
from tensorflow.keras import backend as K
from tensorflow.keras.layers import Dense, Input
from tensorflow.keras.models import Model
from tensorflow.keras.utils import set_random_seed

set_random_seed(seed())
(x_train, _), (x_test, _) = images()
x_train = x_train.astype("float32").reshape((len(x_train), np.prod(x_train.shape[1:]))) / 255.0
x_test = x_test.astype("float32").reshape((len(x_test), np.prod(x_test.shape[1:]))) / 255.0
noisy = np.clip(x_train + 0.3 * np.random.normal(size=x_train.shape), 0.0, 1.0)

encoding_dim = 24
input_img = Input(shape=(x_train.shape[1],))
encoded = Dense(encoding_dim, activation="relu")(input_img)
decoded = Dense(x_train.shape[1], activation="sigmoid")(encoded)
autoencoder = Model(input_img, decoded)
encoder = Model(input_img, encoded)
encoded_input = Input(shape=(encoding_dim,))
decoder = Model(encoded_input, autoencoder.layers[-1](encoded_input))

autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
K.set_value(autoencoder.optimizer.learning_rate, 0.005)
autoencoder.fit(noisy, x_train, epochs=15, batch_size=64, shuffle=True, verbose=0, validation_data=(x_test, x_test))
decoded_imgs = decoder.predict(encoder.predict(x_test, verbose=0), verbose=0)
np.testing.assert_allclose(decoded_imgs, autoencoder.predict(x_test, verbose=0), rtol=1e-4, atol=1e-5)
print("error:", np.mean((decoded_imgs - x_test) ** 2))
