using System.Diagnostics;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.Reliability.Lab;

/// <summary>Runs small programs of the system: kill, mount, prlimit, promtool.</summary>
internal static class CommandLineTool
{
    /// <summary>Runs one and returns what it wrote.</summary>
    /// <exception cref="BenchmarkException">Its exit code is not 0.</exception>
    public static async Task<string> RunAsync(string program, params string[] arguments)
    {
        (int code, string output) = await TryRunAsync(program, [], arguments);
        return code == 0 ? output : throw new BenchmarkException($"{program} {string.Join(' ', arguments)} ended with {code}: {output.Trim()}");
    }

    /// <summary>Runs one with this input.</summary>
    /// <returns>The exit code, and what it wrote to both of its outputs.</returns>
    public static async Task<(int Code, string Output)> TryRunAsync(string program, byte[] input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It did not want all of its input; the exit code tells.
        }

        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    /// <summary>Sends a signal, written as kill takes it. A process that is gone is no error.</summary>
    public static Task SignalAsync(int process, string signal) => TryRunAsync("kill", [], $"-{signal}", $"{process}");
}
