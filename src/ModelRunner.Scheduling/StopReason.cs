namespace ModelRunner.Scheduling;

/// <summary>
/// Why the process of a runner is stopped or has ended, or why a start failed. A closed list: each member is one value of the label
/// <c>reason</c> of <c>model_runner_stops_total</c>.
/// </summary>
public enum StopReason
{
    /// <summary>It had no request for its keep-alive time.</summary>
    Idle,

    /// <summary>Another model needs its capacity.</summary>
    Evicted,

    /// <summary>An unload was requested.</summary>
    Unloaded,

    /// <summary>The daemon is shutting down.</summary>
    Shutdown,

    /// <summary>The settings of its model changed, or the model was removed from the configuration, or a file of it before its process was started.</summary>
    Outdated,

    /// <summary>It did not respond to a health check while a request or an unload waited for it.</summary>
    Stuck,

    /// <summary>Requests cannot connect to it.</summary>
    Unreachable,

    /// <summary>Its requests made no progress for too long, and the configuration says to restart it then.</summary>
    Stalled,

    /// <summary>It ended with an exit code, and its output contains no known cause.</summary>
    Exited,

    /// <summary>A signal other than SIGKILL ended it, or an assertion failed in it.</summary>
    Crashed,

    /// <summary>SIGKILL ended it, and the daemon did not send it. The sender may be the kernel, because memory ran out.</summary>
    Killed,

    /// <summary>It could not allocate enough memory, or start a thread.</summary>
    OutOfMemory,

    /// <summary>The model file is missing or not readable.</summary>
    ModelMissing,

    /// <summary>The model file is damaged, truncated, or not a GGUF file.</summary>
    ModelInvalid,

    /// <summary>The engine does not support this kind of model.</summary>
    ModelUnsupported,

    /// <summary>The engine does not support an argument.</summary>
    Argument,

    /// <summary>It could not listen on its socket or port, or a program of another user listens on that port.</summary>
    Socket,

    /// <summary>The program could not be started.</summary>
    NotStarted,

    /// <summary>It was not ready before the load timeout.</summary>
    LoadTimeout,

    /// <summary>It reports another model than the requested one.</summary>
    WrongModel,
}
