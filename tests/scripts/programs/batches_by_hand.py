import numpy as np
from keras.layers import Dense, Flatten
from keras.models import Sequential
from keras.optimizers import SGD
from keras.utils import set_random_seed
from samples import images, seed

set_random_seed(seed())
(x_train, y_train), (x_test, y_test) = images(1200)
x_train, x_test = x_train / 255.0, x_test / 255.0

model = Sequential(
    [Flatten(input_shape=x_train.shape[1:]), Dense(64, activation="relu"), Dense(10, activation="softmax")]
)
model.compile(SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy", metrics=["acc"])
print(model.metrics_names)

batch_size = 40
for epoch in range(6):
    order = np.random.permutation(len(x_train))
    losses = []
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        loss, acc = model.train_on_batch(x_train[rows], y_train[rows])
        losses.append(loss)
    test_loss, test_acc = model.test_on_batch(x_test, y_test)
    print("Epoch %d: loss %.4f, test %.4f, %.2f%%" % (epoch + 1, np.mean(losses), test_loss, 100 * test_acc))

classes = model.predict_on_batch(x_test).argmax(axis=-1)
print("accuracy:", np.mean(classes == y_test))
