using System.Globalization;
using System.Runtime.CompilerServices;
using ModelRunner.Daemon.Engines;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>
/// This test program in another role: if a variable is set, it runs no tests but starts runners as the daemon does,
/// prints their process ids and waits to be killed.
/// </summary>
internal static class SpawnHost
{
    private const string Variable = "MODEL_RUNNER_TEST_SPAWN_HOST";
    private const string ScriptWithGrandchild = "sleep 600 & echo $!; exec sleep 600";
    private const string ScriptWithSession = "setsid sleep 600 & echo $!; wait";

    /// <summary>Prints a process in a session of its own, without an environment, whose parents have ended: only what a process inherits is left.</summary>
    public const string ScriptWithEscape = "env -i /usr/bin/setsid /bin/sh -c '/usr/bin/setsid /bin/sh -c \"echo \\$\\$; exec /bin/sleep 600\" & exit' & wait; exec sleep 600";

    /// <summary>How to start one. It prints the process id of each runner, or, with <paramref name="withGrandchildren"/>, of each grandchild.</summary>
    /// <param name="prefixKind">The intermediate process that sets the death signal.</param>
    /// <param name="withGrandchildren">Whether runners are wrapper scripts.</param>
    /// <param name="withGuardian">Whether it has a guardian; the wrapped programs then have their own sessions.</param>
    /// <param name="withEscape">Whether it has a guardian, and the wrapped programs have nothing in common with their runner any more.</param>
    public static System.Diagnostics.ProcessStartInfo Command(
        string prefixKind, bool withGrandchildren = false, bool withGuardian = false, bool withEscape = false)
    {
        string executable = Path.Join(AppContext.BaseDirectory, typeof(SpawnHost).Assembly.GetName().Name);
        var start = new System.Diagnostics.ProcessStartInfo(executable) { RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment[Variable] = prefixKind + (withEscape ? "!" : withGuardian ? "*" : withGrandchildren ? "+" : "");
        return start;
    }

    /// <summary>The intermediate process that sets the death signal, by name.</summary>
    public static IReadOnlyList<string> Prefix(string kind) => kind == "setpriv"
        ? DeathSignal.Setpriv("/usr/bin/setpriv")
        : ExecRunner.Prefix(Path.Join(AppContext.BaseDirectory, "model-runner"), Environment.ProcessId);

    [ModuleInitializer]
    internal static void RunWhereAsked()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } kind)
            return;

        Guardian? guardian = kind[^1] is '*' or '!' ? new Guardian([], static cause => throw new InvalidOperationException(cause)) : null;
        var spawner = new RunnerSpawner(Prefix(kind.TrimEnd('+', '*', '!')), guardian);
        IReadOnlyList<string> environment = RunnerEnvironment.Build(Environment.GetEnvironmentVariables(), "/tmp");
        while (true)
        {
            string script = kind[^1] switch
            {
                '+' => ScriptWithGrandchild,
                '*' => ScriptWithSession,
                '!' => ScriptWithEscape,
                _ => "echo $$; exec sleep 600",
            };
            ChildProcess child = spawner.StartAsync(new SpawnRequest("/bin/sh", ["-c", script], environment, "/")).GetAwaiter().GetResult();
            while (child.Output.ReadLines().Count == 0)
                Thread.Sleep(1);
            Console.WriteLine(int.Parse(child.Output.ReadLines()[0], CultureInfo.InvariantCulture));
        }
    }
}
