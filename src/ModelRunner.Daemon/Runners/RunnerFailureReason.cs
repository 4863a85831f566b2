namespace ModelRunner.Daemon.Runners;

/// <summary>Why a runner failed or ended, as a closed list.</summary>
internal enum RunnerFailureReason
{
    /// <summary>It ended with a code, and nothing that it wrote says why.</summary>
    Exited,

    /// <summary>A signal other than SIGKILL ended it, or an assertion of its own.</summary>
    Crashed,

    /// <summary>SIGKILL ended it; the daemon did not send it. It may have been the kernel, for want of memory.</summary>
    Killed,

    /// <summary>It could not get the memory that it needs.</summary>
    OutOfMemory,

    /// <summary>The model's file is not there or may not be read.</summary>
    ModelMissing,

    /// <summary>The model's file is damaged, cut short or no GGUF.</summary>
    ModelInvalid,

    /// <summary>The engine does not know this kind of model.</summary>
    ModelUnsupported,

    /// <summary>The engine does not take an argument.</summary>
    Argument,

    /// <summary>It could not listen on its socket.</summary>
    Socket,

    /// <summary>The program could not be started.</summary>
    NotStarted,

    /// <summary>It was not ready in time.</summary>
    LoadTimeout,

    /// <summary>It answers as another model than the one asked for.</summary>
    WrongModel,

    /// <summary>It was stopped before it was ready.</summary>
    Stopped,
}
