namespace ModelRunner.Daemon.Runners;

/// <summary>Why a runner failed or ended. A closed list.</summary>
internal enum RunnerFailureReason
{
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

    /// <summary>It could not listen on its socket.</summary>
    Socket,

    /// <summary>The program could not be started.</summary>
    NotStarted,

    /// <summary>It was not ready before the load timeout.</summary>
    LoadTimeout,

    /// <summary>It reports another model than the requested one.</summary>
    WrongModel,

    /// <summary>It was stopped before it was ready.</summary>
    Stopped,
}
