using System.Diagnostics;
using System.Text;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>Asks an engine for its help, with a timeout and a limit of output. The process gets the variables of runners, and no key.</summary>
internal static class EngineHelp
{
    /// <summary>A build for accelerators searches for its devices first. On some machines this takes seconds.</summary>
    public static readonly TimeSpan DefaultPatience = TimeSpan.FromSeconds(10);

    // llama-server's help has 60 KB.
    private const int MaxCharacters = 1024 * 1024;

    /// <summary>Runs <c>PROGRAM --help</c> and reads its output. Returns null if the output is not a help text, or the program does not end in time.</summary>
    public static async Task<EngineFlags?> ReadAsync(string program, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, ["--help"])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        foreach (string name in start.Environment.Keys.ToArray())
            if (!EngineVariables.IsKept(name))
                start.Environment.Remove(name);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            using Process process = Process.Start(start)!;
            try
            {
                process.StandardInput.Close();
                Task<string> output = ReadAsync(process.StandardOutput, limit.Token);
                Task<string> errors = ReadAsync(process.StandardError, limit.Token);
                return EngineFlags.Parse(await output) ?? EngineFlags.Parse(await errors);
            }
            finally
            {
                Kill(process);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
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
