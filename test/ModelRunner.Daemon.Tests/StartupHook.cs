using System.Diagnostics.CodeAnalysis;

/// <summary>
/// Makes a daemon crash: the runtime calls it at the start of a program where the variable <c>DOTNET_STARTUP_HOOKS</c> names this assembly.
/// Its name, and that it has no namespace, are the runtime's rule.
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
            // Whatever the daemon has installed for a crash is there once it has its own handler.
            while (!IsServing())
                Thread.Yield();
            throw new InvalidOperationException(Message);
        });
        thread.IsBackground = true;
        thread.Start();
    }

    private static bool IsServing() => File.Exists(Path.Join(Environment.CurrentDirectory, "d.sock"));
}
