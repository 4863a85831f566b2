using System.Diagnostics;
using System.Text;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>
/// What an engine prints when it is asked about itself, with a timeout and a limit of output. The process gets the variables of runners, and no key.
/// </summary>
/// <param name="Output">Its standard output.</param>
/// <param name="Errors">Its standard error.</param>
internal sealed record EngineOutput(string Output, string Errors)
{
    // llama-server's help has 60 KB.
    private const int MaxCharacters = 1024 * 1024;

    /// <summary>The program did not end in time.</summary>
    public static EngineOutput Late { get; } = new("", "") { IsLate = true };

    /// <summary>Whether the program did not end in time. Then nothing is known of what it prints.</summary>
    public bool IsLate { get; private init; }

    /// <summary>Runs a program with one argument. Returns null if it cannot be run.</summary>
    /// <param name="program">The program.</param>
    /// <param name="argument">The argument.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <param name="variables">Variables that it gets beside those of runners.</param>
    public static async Task<EngineOutput?> ReadAsync(
        string program, string argument, TimeSpan patience, CancellationToken cancellationToken, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, [argument])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        foreach (string name in start.Environment.Keys.ToArray())
            if (!EngineVariables.IsKept(name))
                start.Environment.Remove(name);
        var marked = new MarkedProcesses();
        foreach ((string name, string value) in variables.Concat(marked.Variables))
            start.Environment[name] = value;

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            using Process process = Process.Start(start)!;
            try
            {
                marked.Mark(process.Id);
                process.StandardInput.Close();
                Task<string> output = ReadAsync(process.StandardOutput, limit.Token);
                Task<string> errors = ReadAsync(process.StandardError, limit.Token);
                return new EngineOutput(await output, await errors);
            }
            finally
            {
                Kill(process);

                // A script may have started others and ended. One that ended well needs no search.
                if (limit.IsCancellationRequested)
                    marked.Kill();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Late;
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or IOException)
        {
            // It cannot be executed. The first start reports this with the reason.
            return null;
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        char[] block = new char[8192];
        while (text.Length < MaxCharacters && await reader.ReadAsync(block, cancellationToken) is > 0 and var count)
            text.Append(block, 0, count);
        return text.ToString();
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception failure) when (failure is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended, or something that it started belongs to another user.
        }
    }
}
