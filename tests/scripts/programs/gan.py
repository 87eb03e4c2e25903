import numpy as np
from keras.layers import BatchNormalization, Dense, Input, LeakyReLU
from keras.models import Model, Sequential
from keras.optimizers import Adam
from keras.utils import set_random_seed
from samples import seed

# A pair of networks that learns a curve of normal numbers around 4 with a deviation of 0.5.
set_random_seed(seed())
latent_dim, half_batch = 5, 64

generator = Sequential()
generator.add(Dense(16, input_dim=latent_dim))
generator.add(LeakyReLU(alpha=0.2))
generator.add(BatchNormalization(momentum=0.8))
generator.add(Dense(1))

discriminator = Sequential()
discriminator.add(Dense(16, input_dim=1))
discriminator.add(LeakyReLU(alpha=0.2))
discriminator.add(Dense(1, activation="sigmoid"))
discriminator.compile(loss="binary_crossentropy", optimizer=Adam(0.01, 0.5), metrics=["accuracy"])

discriminator.trainable = False
z = Input(shape=(latent_dim,))
combined = Model(z, discriminator(generator(z)))
combined.compile(loss="binary_crossentropy", optimizer=Adam(0.01, 0.5))

frozen = combined.trainable_weights
assert len(frozen) == 6  # the generator's: two layers and the scale and shift of the normalization
for step in range(250):
    real = np.random.normal(4, 0.5, (half_batch, 1))
    fake = generator.predict_on_batch(np.random.normal(0, 1, (half_batch, latent_dim)))
    d_real = discriminator.train_on_batch(real, np.ones((half_batch, 1)))
    d_fake = discriminator.train_on_batch(fake, np.zeros((half_batch, 1)))
    d_loss = 0.5 * np.add(d_real, d_fake)
    g_loss = combined.train_on_batch(np.random.normal(0, 1, (2 * half_batch, latent_dim)), np.ones((2 * half_batch, 1)))
    if step % 100 == 0:
        print("%d [D loss: %f, acc.: %.2f%%] [G loss: %f]" % (step, d_loss[0], 100 * d_loss[1], g_loss))

made = generator.predict(np.random.normal(0, 1, (500, latent_dim)), verbose=0)
print("mean", made.mean(), "deviation", made.std())
print("accuracy:", float(abs(made.mean() - 4) < 1.5))
