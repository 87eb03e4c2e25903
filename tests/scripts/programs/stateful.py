import numpy as np
from keras.layers import LSTM, Dense
from keras.models import Sequential
from keras.utils import set_random_seed
from samples import seed

# The answer to a row lies further back than the model sees at a time: it has to remember.
set_random_seed(seed())
batch_size, tsteps, steps = 32, 2, 8
first = np.random.RandomState(0).randint(0, 2, batch_size)
signal = np.zeros((batch_size, tsteps * steps, 1), "float32")
signal[:, 0, 0] = first

model = Sequential()
model.add(LSTM(12, batch_input_shape=(batch_size, tsteps, 1), return_sequences=True, stateful=True))
model.add(LSTM(8, stateful=True))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
for epoch in range(60):
    for part in range(steps):
        model.train_on_batch(signal[:, part * tsteps : (part + 1) * tsteps], first)
    model.reset_states()

right = []
for part in range(steps):
    answer = model.predict(signal[:, part * tsteps : (part + 1) * tsteps], batch_size=batch_size, verbose=0)
    right.append(np.mean((answer[:, 0] > 0.5) == first))
model.reset_states()
again = model.predict(signal[:, :tsteps], batch_size=batch_size, verbose=0)
forgotten = model.predict(signal[:, tsteps : 2 * tsteps] * 0, batch_size=batch_size, verbose=0)
assert not np.allclose(again, forgotten)
print("accuracy:", np.mean(right))
