import numpy as np
from keras.layers import Dense
from keras.models import Sequential, clone_model
from keras.optimizers import Adam
from keras.utils import set_random_seed
from samples import seed
from sklearn.datasets import load_iris
from sklearn.model_selection import ParameterGrid, StratifiedKFold

set_random_seed(seed())
x, y = load_iris(return_X_y=True)
x = (x - x.mean(0)) / x.std(0)


def create_model(units=8, activation="relu"):
    model = Sequential()
    model.add(Dense(units, activation=activation, input_dim=4))
    model.add(Dense(3, activation="softmax"))
    return model


results = {}
for parameters in ParameterGrid({"units": [8, 24], "activation": ["relu", "tanh"]}):
    model, scores = create_model(**parameters), []
    for train, test in StratifiedKFold(n_splits=3, shuffle=True, random_state=0).split(x, y):
        fold = clone_model(model)
        fold.compile(Adam(0.03), "sparse_categorical_crossentropy", metrics=["accuracy"])
        fold.fit(x[train], y[train], epochs=15, batch_size=10, verbose=0)
        scores.append(fold.evaluate(x[test], y[test], verbose=0)[1])
    results[tuple(parameters.items())] = np.mean(scores)
print("Best: %s" % (max(results, key=results.get),))
print("accuracy: %f" % max(results.values()))
