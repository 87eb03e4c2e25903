import numpy as np
from keras import layers
from keras.models import Sequential
from keras.utils import set_random_seed
from samples import seed, sums

set_random_seed(seed())


class CharacterTable:
    def __init__(self, chars):
        self.chars = sorted(set(chars))
        self.char_indices = {c: i for i, c in enumerate(self.chars)}

    def encode(self, text, num_rows):
        x = np.zeros((num_rows, len(self.chars)))
        for i, c in enumerate(text):
            x[i, self.char_indices[c]] = 1
        return x

    def decode(self, x):
        return "".join(self.chars[i] for i in x.argmax(axis=-1))


questions, answers = sums()
table = CharacterTable("0123456789+ ")
x = np.array([table.encode(question[::-1], 5) for question in questions], dtype=bool)
y = np.array([table.encode(answer, 2) for answer in answers], dtype=bool)
split_at = len(x) - len(x) // 10

model = Sequential()
model.add(layers.LSTM(64, input_shape=(5, len(table.chars))))
model.add(layers.RepeatVector(2))
model.add(layers.LSTM(64, return_sequences=True))
model.add(layers.TimeDistributed(layers.Dense(len(table.chars), activation="softmax")))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(x[:split_at], y[:split_at], batch_size=64, epochs=12, verbose=0, validation_data=(x[split_at:], y[split_at:]))
for i in range(3):
    guess = table.decode(model.predict(x[split_at + i : split_at + i + 1], verbose=0)[0])
    print("Q", questions[split_at + i], "T", answers[split_at + i], "guess", guess)
print("accuracy:", model.evaluate(x[split_at:], y[split_at:], verbose=0)[1])
