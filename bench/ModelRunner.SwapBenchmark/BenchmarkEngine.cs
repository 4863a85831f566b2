using System.Globalization;

namespace ModelRunner.SwapBenchmark;

/// <summary>What the runners of the benchmark are, and how long their loads take.</summary>
/// <param name="Program">The path of stub-runner or llama-server.</param>
/// <param name="IsLlamaServer">The program is a real llama-server. A script waits before it executes it, because a tiny model loads at once.</param>
/// <param name="LoadMilliseconds">How long each load of a stub takes, or how long the script waits.</param>
internal sealed record BenchmarkEngine(string Program, bool IsLlamaServer, int LoadMilliseconds)
{
    private const int StubResponseMilliseconds = 200;

    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>How many tokens a request asks for. A stub sends words, and takes the same time for any number.</summary>
    public int Tokens => IsLlamaServer ? 32 : 4;

    /// <summary>Writes what the engine needs.</summary>
    /// <param name="folder">The folder of the daemon.</param>
    /// <param name="models">The paths of the models.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The program for the daemon.</returns>
    public async Task<string> PrepareAsync(string folder, IReadOnlyList<string> models, CancellationToken cancellation)
    {
        string program = Path.GetFullPath(Program);
        if (!IsLlamaServer)
        {
            foreach (string model in models)
                await File.WriteAllTextAsync(
                    model + ".stub.json", $$"""{"load_delay_ms":{{LoadMilliseconds}},"request_delay_ms":{{StubResponseMilliseconds}}}""", cancellation);
            return program;
        }

        // The daemon also asks for the version, the help and the devices. Only a load waits.
        string script = Path.Join(folder, "llama-server");
        string seconds = (LoadMilliseconds / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(
            script,
            $$"""
            #!/bin/sh
            case " $* " in *" --model "*) sleep {{seconds}} ;; esac
            exec '{{program.Replace("'", "'\\''", StringComparison.Ordinal)}}' "$@"

            """,
            cancellation);
        File.SetUnixFileMode(script, Executable);
        return script;
    }
}
