namespace ModelRunner.Scheduling;

/// <summary>
/// What ended a runner that nobody asked to end, or kept it from starting. A closed list: each member is one value of the label <c>class</c> of
/// <c>model_runner_crashes_total</c>.
/// </summary>
public enum CrashClass
{
    /// <summary>A signal ended its process, and memory was not short.</summary>
    Signal,

    /// <summary>It could not get enough memory, or the kernel killed it because memory ran out.</summary>
    OutOfMemory,

    /// <summary>A shared library that its program needs is missing or has the wrong version.</summary>
    MissingLibrary,

    /// <summary>The model's file is missing, damaged, or no model.</summary>
    BadModel,

    /// <summary>The engine does not know this kind of model, or an argument that the daemon gave it. A newer version may.</summary>
    EngineTooOld,

    /// <summary>The daemon ended it because it could not be used: it loaded too long, did not respond, or was not what it should be.</summary>
    KilledByDaemon,

    /// <summary>Everything else, for instance an exit code without a known cause.</summary>
    Other,
}
