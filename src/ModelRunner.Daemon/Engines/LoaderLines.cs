using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines;

/// <summary>What the loaders of glibc, musl, .NET and Python write if a program cannot be started because of a shared library.</summary>
internal static class LoaderLines
{
    private const string Missing = "a shared library is missing; install it, or install the engine again";
    private const string WrongVersion = "a shared library has the wrong version; install an engine that was built for this system";

    /// <summary>The lines. They come after those of an engine's own failures: a server may go on without a library for graphics cards.</summary>
    public static IReadOnlyList<KnownLogLine> All { get; } =
    [
        Line("error while loading shared libraries:", Missing),
        Line("Error loading shared library", Missing),
        Line("Unable to load shared library", Missing),
        Line("ImportError: lib", Missing),
        Line("symbol lookup error:", WrongVersion),
        Line("Error relocating", WrongVersion),
        Line("' not found (required by ", WrongVersion),
    ];

    private static KnownLogLine Line(string core, string explanation) =>
        new(core, StopReason.NotStarted, explanation) { Class = CrashClass.MissingLibrary };
}
