using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.Linux;
using ModelRunner.Linux.Processes;
using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Registries.Access;

/// <summary>
/// Runs a program that keeps credentials for docker: <c>docker-credential-NAME get</c>, with the name of the registry on its standard input. Some
/// of them wait for minutes, so its time and its output are limited, and what it started is ended with it.
/// </summary>
internal static partial class CredentialHelper
{
    /// <summary>How long it may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // The answer is a short JSON object; a token can have some kilobytes.
    private const int MaxOutput = 64 * 1024;
    private const int MaxErrors = 4 * 1024;
    private const string Mark = "MODEL_RUNNER_CREDENTIAL_HELPER";

    private static long _lastMark;

    /// <summary>Asks a helper.</summary>
    /// <param name="name">Its name in the configuration of docker, which is not trusted to be one.</param>
    /// <param name="key">The registry.</param>
    /// <param name="searchPath">The folders in which programs are, as in the variable PATH.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<HelperOutcome> AskAsync(string name, string key, string? searchPath, TimeProvider time, CancellationToken cancellation)
    {
        if (!NamePattern().IsMatch(name))
            return HelperOutcome.Failed("its name is no name of a program");
        string program = $"docker-credential-{name}";
        string? path = (searchPath ?? "").Split(':').Where(Path.IsPathFullyQualified).Select(folder => Path.Join(folder, program)).FirstOrDefault(File.Exists);
        if (path is null)
            return HelperOutcome.Failed($"{program} is not in PATH");

        using var patience = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        try
        {
            return await RunAsync(path, key, program, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return HelperOutcome.Failed(
                string.Create(CultureInfo.InvariantCulture, $"{program} did not answer within {Limit.TotalSeconds:0} s, which is the limit"));
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
        {
            return HelperOutcome.Failed($"{program} could not be run");
        }
    }

    private static async Task<HelperOutcome> RunAsync(string path, string key, string program, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(path, ["get"])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/",
        };
        string mark = string.Create(CultureInfo.InvariantCulture, $"{DaemonIdentity.Own}-{Interlocked.Increment(ref _lastMark)}");
        start.Environment[Mark] = mark;
        using Process process = Process.Start(start)!;
        var tree = new ProcessTree(process.Id, $"{Mark}={mark}");
        bool isOver = false;
        try
        {
            await WriteAsync(process, key, cancellation);
            Task<string> errors = ReadAsync(process.StandardError, MaxErrors, cancellation);
            string output = await ReadAsync(process.StandardOutput, MaxOutput, cancellation);
            if (output.Length > MaxOutput)
                return HelperOutcome.Failed(string.Create(CultureInfo.InvariantCulture, $"{program} wrote more than {MaxOutput} bytes, which is the limit"));
            string error = await errors;
            await process.WaitForExitAsync(cancellation);
            isOver = true;
            return process.ExitCode == 0 ? Read(output, program) : ExplainExit(process.ExitCode, output + error, program);
        }
        finally
        {
            if (!isOver)
                tree.Signal(Libc.SigKill);
        }
    }

    private static async Task WriteAsync(Process process, string key, CancellationToken cancellation)
    {
        try
        {
            await process.StandardInput.WriteAsync(key.AsMemory(), cancellation);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It may answer, or end, without reading. What it writes counts.
        }
    }

    // Standard output ends the reading when it is too long. What is written to standard error beyond the limit is read and forgotten, because the
    // helper would wait for a reader.
    private static async Task<string> ReadAsync(StreamReader reader, int limit, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        char[] block = new char[4096];
        while (await reader.ReadAsync(block, cancellation) is > 0 and var count)
        {
            if (text.Length <= limit)
                text.Append(block, 0, count);
            else if (limit == MaxOutput)
                break;
        }

        return text.ToString();
    }

    // Its text may have secrets, so only the exit code is shown.
    private static HelperOutcome ExplainExit(int exitCode, string text, string program) =>
        text.Contains("credentials not found", StringComparison.OrdinalIgnoreCase)
            ? HelperOutcome.None
            : HelperOutcome.Failed(string.Create(CultureInfo.InvariantCulture, $"{program} ended with the exit code {exitCode}"));

    private static HelperOutcome Read(string output, string program)
    {
        try
        {
            if (JsonDocuments.Read(Encoding.UTF8.GetBytes(output), static root => ReadLogin(root)) is (string user, string password))
            {
                if (user.Length == 0 && password.Length == 0)
                    return HelperOutcome.None;
                var credential = new RegistryCredential(program);
                return new HelperOutcome(user == "<token>" ? credential with { IdentityToken = password } : credential with { User = (user, password) }, null);
            }
        }
        catch (JsonException)
        {
            // The answer is explained below without showing it.
        }

        return HelperOutcome.Failed($"{program} answered with something else than user name and secret");
    }

    private static (string User, string Password)? ReadLogin(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object
        && root.TryGetProperty("Username", out JsonElement name) && name.ValueKind == JsonValueKind.String
        && root.TryGetProperty("Secret", out JsonElement secret) && secret.ValueKind == JsonValueKind.String
            ? (name.GetString()!, secret.GetString()!)
            : null;

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex NamePattern();
}
