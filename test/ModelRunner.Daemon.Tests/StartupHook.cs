using System.Diagnostics.CodeAnalysis;

/// <summary>
/// Makes a daemon crash: the runtime calls it at the start of a program if the variable <c>DOTNET_STARTUP_HOOKS</c> names this assembly.
/// The runtime requires this name and no namespace.
/// </summary>
[SuppressMessage("Design", "CA1050:Declare types in namespaces", Justification = "The runtime looks for it there.")]
[SuppressMessage("Design", "MA0047:Declare types in namespaces", Justification = "The runtime looks for it there.")]
internal static class StartupHook
{
    public const string Message = "the test makes the daemon crash";

    public static void Initialize()
    {
        var thread = new Thread(static () =>
        {
            // When the daemon has its own handler, its crash handling is installed.
            while (!IsServing())
                Thread.Yield();
            throw new InvalidOperationException(Message);
        });
        thread.IsBackground = true;
        thread.Start();
    }

    private static bool IsServing() => File.Exists(Path.Join(Environment.CurrentDirectory, "d.sock"));
}
