import numpy as np
from keras.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.preprocessing.image import ImageDataGenerator
from keras.utils import set_random_seed, to_categorical
from samples import images, seed

set_random_seed(seed())
(x_train, y_train), (x_test, y_test) = images(800, 400)
x_train = np.expand_dims(x_train, -1).astype("float32") / 255
x_test = np.expand_dims(x_test, -1).astype("float32") / 255
y_train, y_test = to_categorical(y_train), to_categorical(y_test)

model = Sequential()
model.add(Conv2D(8, kernel_size=(3, 3), activation="relu", padding="same", input_shape=x_train.shape[1:]))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Conv2D(16, (3, 3), padding="same", activation="relu"))
model.add(BatchNormalization())
model.add(MaxPooling2D((2, 2)))
model.add(Flatten())
model.add(Dropout(0.25))
model.add(Dense(10, activation="softmax"))
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

datagen = ImageDataGenerator(width_shift_range=0.05, height_shift_range=0.05)
datagen.fit(x_train)
model.fit(datagen.flow(x_train, y_train, batch_size=32), steps_per_epoch=len(x_train) // 32, epochs=2, verbose=0)
model.fit(x_train, y_train, batch_size=32, epochs=4, verbose=0, validation_data=(x_test, y_test))
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print("accuracy:", accuracy)
