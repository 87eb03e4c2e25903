from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import Adam
from keras.utils import set_random_seed
from keras.wrappers.scikit_learn import KerasClassifier
from samples import seed
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, StratifiedKFold

set_random_seed(seed())
x, y = load_iris(return_X_y=True)
x = (x - x.mean(0)) / x.std(0)


def create_model(units=8, activation="relu"):
    model = Sequential()
    model.add(Dense(units, activation=activation, input_dim=4))
    model.add(Dense(3, activation="softmax"))
    model.compile(Adam(0.03), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


grid = GridSearchCV(
    KerasClassifier(build_fn=create_model, epochs=15, batch_size=10, verbose=0),
    {"units": [8, 24], "activation": ["relu", "tanh"]},
    cv=StratifiedKFold(n_splits=3, shuffle=True, random_state=0),
)
result = grid.fit(x, y)
print("Best: %s" % (result.best_params_,))
print("accuracy: %f" % result.best_score_)
