namespace ModelRunner.Scheduling;

/// <summary>The text of each class, and which class the ends with a reason have.</summary>
public static class CrashClasses
{
    /// <summary>The class in lower case with underscores, such as <c>out_of_memory</c>. A published value never changes.</summary>
    public static string ToLabelValue(this CrashClass crash) => crash switch
    {
        CrashClass.Signal => "signal",
        CrashClass.OutOfMemory => "out_of_memory",
        CrashClass.MissingLibrary => "missing_library",
        CrashClass.BadModel => "bad_model",
        CrashClass.EngineTooOld => "engine_too_old",
        CrashClass.KilledByDaemon => "killed_by_daemon",
        CrashClass.Other => "other",
        _ => throw new ArgumentOutOfRangeException(nameof(crash), crash, "Not a class of the list."),
    };

    /// <summary>The class of an end with this reason if nothing more precise is known; null: the end was asked for, so it is no crash.</summary>
    public static CrashClass? Of(StopReason reason) => reason switch
    {
        _ when reason.IsRequested() => null,
        StopReason.Stuck or StopReason.Unreachable or StopReason.Stalled or StopReason.LoadTimeout or StopReason.WrongModel => CrashClass.KilledByDaemon,
        StopReason.Crashed or StopReason.Killed => CrashClass.Signal,
        StopReason.OutOfMemory => CrashClass.OutOfMemory,
        StopReason.ModelMissing or StopReason.ModelInvalid => CrashClass.BadModel,
        StopReason.ModelUnsupported => CrashClass.EngineTooOld,
        _ => CrashClass.Other,
    };
}
