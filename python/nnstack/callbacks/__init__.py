"""Callbacks: code that runs while a model trains."""

from nnstack.callbacks.callback import Callback
from nnstack.callbacks.callback_list import CallbackList
from nnstack.callbacks.csv_logger import CSVLogger
from nnstack.callbacks.early_stopping import EarlyStopping
from nnstack.callbacks.history import History
from nnstack.callbacks.lambda_callback import LambdaCallback
from nnstack.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from nnstack.callbacks.model_checkpoint import ModelCheckpoint
from nnstack.callbacks.progbar_logger import ProgbarLogger
from nnstack.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
