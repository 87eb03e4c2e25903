import numpy as np
from samples import reviews, seed
from tensorflow.keras.layers import LSTM, Conv1D, Dense, Embedding, GlobalMaxPooling1D, SpatialDropout1D
from tensorflow.keras.models import Sequential
from tensorflow.keras.preprocessing.sequence import pad_sequences
from tensorflow.keras.preprocessing.text import Tokenizer
from tensorflow.keras.utils import set_random_seed

set_random_seed(seed())
texts, labels = reviews()
max_words, maxlen = 2000, 24
tokenizer = Tokenizer(num_words=max_words, oov_token="<unk>")
tokenizer.fit_on_texts(texts)
sequences = tokenizer.texts_to_sequences(texts)
print("Found %s unique tokens." % len(tokenizer.word_index))
data = pad_sequences(sequences, maxlen=maxlen)
border = int(0.8 * len(data))
x_train, y_train, x_test, y_test = data[:border], labels[:border], data[border:], labels[border:]

convolutional = Sequential()
convolutional.add(Embedding(max_words, 32, input_length=maxlen))
convolutional.add(SpatialDropout1D(0.2))
convolutional.add(Conv1D(32, 3, activation="relu"))
convolutional.add(GlobalMaxPooling1D())
convolutional.add(Dense(1, activation="sigmoid"))

recurrent = Sequential()
recurrent.add(Embedding(max_words, 16, mask_zero=True, input_length=maxlen))
recurrent.add(LSTM(16, dropout=0.1, recurrent_dropout=0.1))
recurrent.add(Dense(1, activation="sigmoid"))

votes = []
for model in (convolutional, recurrent):
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
    model.fit(x_train, y_train, epochs=6, batch_size=32, verbose=0, class_weight={0: 1.0, 1: 1.0})
    print(model.evaluate(x_test, y_test, verbose=0))
    votes.append(model.predict(x_test, verbose=0))
print("accuracy:", np.mean((np.mean(votes, axis=0)[:, 0] > 0.5) == y_test))
