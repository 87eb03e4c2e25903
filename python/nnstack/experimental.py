"""Names that tf.keras 2 keeps under `keras.experimental`."""

from nnstack.layers.recurrent.lstm import PeepholeLSTMCell as PeepholeLSTMCell
from nnstack.optimizers.schedules import CosineDecay as CosineDecay
from nnstack.optimizers.schedules import CosineDecayRestarts as CosineDecayRestarts
from nnstack.premade import LinearModel as LinearModel
from nnstack.premade import WideDeepModel as WideDeepModel
from nnstack.utils.sidecar_evaluator import SidecarEvaluator as SidecarEvaluator
