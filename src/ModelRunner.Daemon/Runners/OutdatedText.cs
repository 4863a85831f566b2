using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Says why a runner is outdated.</summary>
internal static class OutdatedText
{
    /// <summary>A clause.</summary>
    public static string Of(OutdatedReason reason) => reason switch
    {
        OutdatedReason.File => "the file of its model was replaced",
        OutdatedReason.Draft => "the file of its draft model changed",
        OutdatedReason.Source => "the source of its model was switched off",
        OutdatedReason.Name => "the name of its model means another model now",
        _ => "the settings of its model changed",
    };
}
