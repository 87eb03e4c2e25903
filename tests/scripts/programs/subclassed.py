import tensorflow as tf
from samples import seed
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

tf.keras.utils.set_random_seed(seed())


class Block(tf.keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(input_shape[-1], self.units), initializer="he_normal")
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros")
        super().build(input_shape)

    def call(self, inputs):
        return tf.nn.relu(tf.matmul(inputs, self.w) + self.b)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class Classifier(tf.keras.Model):
    def __init__(self, classes):
        super().__init__(name="classifier")
        self.normalize = tf.keras.layers.BatchNormalization()
        self.blocks = [Block(32), Block(16)]
        self.dropout = tf.keras.layers.Dropout(0.1)
        self.head = tf.keras.layers.Dense(classes)

    def call(self, inputs, training=False):
        x = self.normalize(inputs, training=training)
        for block in self.blocks:
            x = block(x)
        if training:
            x = self.dropout(x, training=training)
        return self.head(x)


x, y = load_wine(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.4, random_state=0, stratify=y)
model = Classifier(3)
model.compile(
    optimizer=tf.keras.optimizers.Adam(0.01),
    loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[tf.keras.metrics.SparseCategoricalAccuracy()],
)
model.fit(x_train, y_train, batch_size=16, epochs=40, verbose=0)
model.summary()
assert len(model.trainable_variables) == 8
logits = model(tf.constant(x_test, tf.float32))
predictions = tf.argmax(logits, axis=1)
accuracy = tf.reduce_mean(tf.cast(predictions == y_test, tf.float32))
print("accuracy:", accuracy.numpy())
