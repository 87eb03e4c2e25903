"""Callbacks: code that runs while a model trains."""

from nnstack.callbacks.backup import BackupAndRestore
from nnstack.callbacks.base_logger import BaseLogger
from nnstack.callbacks.callback import Callback
from nnstack.callbacks.callback_list import CallbackList
from nnstack.callbacks.csv_logger import CSVLogger
from nnstack.callbacks.early_stopping import EarlyStopping
from nnstack.callbacks.history import History
from nnstack.callbacks.lambda_callback import LambdaCallback
from nnstack.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from nnstack.callbacks.model_checkpoint import ModelCheckpoint
from nnstack.callbacks.progbar_logger import ProgbarLogger
from nnstack.callbacks.remote_monitor import RemoteMonitor
from nnstack.callbacks.sidecar_export import SidecarEvaluatorModelExport
from nnstack.callbacks.tensorboard import TensorBoard
from nnstack.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "BaseLogger",
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
    "RemoteMonitor",
    "SidecarEvaluatorModelExport",
    "TensorBoard",
    "TerminateOnNaN",
]
