import numpy as np
from samples import seed, series
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(seed())
temperature = series()
border = int(0.8 * len(temperature))
mean, std = temperature[:border].mean(), temperature[:border].std()
values = (temperature - mean) / std
sequence_length = 14


def windows(part):
    return keras.utils.timeseries_dataset_from_array(
        part[:-sequence_length, None], targets=part[sequence_length:], sequence_length=sequence_length, batch_size=64
    )


inputs = keras.Input(shape=(sequence_length, 1))
x = layers.Conv1D(16, 3, padding="causal", activation="relu")(inputs)
x = layers.GRU(16)(x)
outputs = layers.Dense(1)(x)
model = keras.Model(inputs, outputs)
schedule = keras.optimizers.schedules.ExponentialDecay(0.01, decay_steps=50, decay_rate=0.9)
model.compile(optimizer=keras.optimizers.Adam(schedule), loss=keras.losses.Huber(), metrics=["mae"])
model.fit(windows(values[:border]), epochs=5, verbose=0, validation_data=windows(values[border:]))
loss, mae = model.evaluate(windows(values[border:]), verbose=0)
naive = np.abs(np.diff(values[border:])).mean()
print("as good as yesterday's value: %.3f" % naive)
print("error:", mae)
