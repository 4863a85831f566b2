using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Hosting;

/// <summary>The text that <c>serve</c> prints at its start: which models are served, where, and example requests.</summary>
internal static class Welcome
{
    private const int MaxShownModels = 6;
    private const string LatestTag = ":latest";
    private const string FirstModel = "ai/smollm2";

    private static readonly string KeyVariable = ConfigurationCatalog.ApiKey.NameIn(OptionSource.Environment);

    /// <summary>Creates the text.</summary>
    /// <param name="settings">What the daemon runs with.</param>
    /// <param name="addresses">The TCP addresses with the ports in use.</param>
    /// <param name="models">The models that it serves.</param>
    /// <param name="program">The command by which this program was started.</param>
    /// <param name="workingDirectory">The folder in which the daemon was started.</param>
    /// <param name="unfit">Models and modes of attached runners for which no server responds now.</param>
    public static string Write(
        DaemonSettings settings, IReadOnlyList<Uri> addresses, IReadOnlyList<ModelEntry> models, string program, string workingDirectory,
        IReadOnlySet<(string Model, RunnerMode Mode)> unfit)
    {
        string? address = addresses.Count == 0 ? null : ForClients(addresses[0]);
        var text = new StringBuilder();
        Line("Serves", models.Count == 0 ? NoModels(settings) : ListModels(models));
        Line("At", string.Join(" and ", new[] { settings.Listen.SocketPath is { } socket ? $"unix:{socket}" : null, address }.OfType<string>())
            + (settings.Listen is { IsTcpOptional: true, Tcp: null } ? $" (another program uses port {ListenSettings.DemoPort})" : ""));
        if (address is not null && settings.ApiKey is not null)
        {
            string source = settings.IsApiKeyInFile
                ? $"the value of {ConfigurationCatalog.ApiKey.NameIn(OptionSource.File)}"
                : "the value that it has for the daemon";
            Line("Key", $"required on TCP; for the commands below, set {KeyVariable} in your shell to {source}");
        }
        else if (address is not null && settings.RequiresKey)
        {
            Line("Key", $"required on TCP; for the commands below, set {KeyVariable} in your shell to one of the keys");
        }

        if (address is not null && settings.Listen.Tls?.AuthorityPath is { } authority)
            Line("Trust", $"{authority}; SDKs in Python and Node.js: set SSL_CERT_FILE and NODE_EXTRA_CA_CERTS to this path");

        if (models.Count == 0)
        {
            Line("Next", $"{Run(settings, address, FirstModel, program, workingDirectory)}  (pulls a small model and opens a chat)");
        }
        else
        {
            ModelEntry? writer = models.FirstOrDefault(model => Can(model, RunnerMode.Completion));
            if ((writer ?? models.FirstOrDefault(model => Can(model, RunnerMode.Embedding))) is { } first)
                Line("Try", Curl(settings, address, first, isChat: first == writer));
            Line("SDKs", address is null
                ? "start it with --port 12434, then base_url=\"http://localhost:12434/v1\""
                : $"base_url=\"{address}/v1\", api_key={(!settings.RequiresKey ? "\"none\"" : $"os.environ[\"{KeyVariable}\"]")}");
            if (writer is not null)
                Line("Chat", Run(settings, address, Short(writer), program, workingDirectory));
        }

        return text.ToString();

        bool Can(ModelEntry model, RunnerMode mode) =>
            (model.Modes.Count == 0 || model.Modes.Contains(mode)) && !unfit.Contains((model.Reference, mode));

        void Line(string head, string value) => text.Append(CultureInfo.InvariantCulture, $"  {head,-8}{PlainText.Escape(value)}\n");
    }

    /// <summary>
    /// An address as a client of this machine uses it: a server that listens on all addresses also listens on loopback. <c>localhost</c> is
    /// 127.0.0.1 on every machine, and no other address on most.
    /// </summary>
    public static string ForClients(Uri address)
    {
        bool isLocalhost = IPAddress.TryParse(address.Host.Trim('[', ']'), out IPAddress? number)
            && (number.Equals(IPAddress.Loopback) || number.Equals(IPAddress.Any) || number.Equals(IPAddress.IPv6Any));
        return isLocalhost
            ? string.Create(CultureInfo.InvariantCulture, $"{address.Scheme}://localhost:{address.Port}")
            : address.GetLeftPart(UriPartial.Authority);
    }

    /// <summary>A word, quoted for a shell.</summary>
    private static string Quote(string word) =>
        word.All(static character => char.IsAsciiLetterOrDigit(character) || "-_./:@%+=,".Contains(character, StringComparison.Ordinal))
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    private static string NoModels(DaemonSettings settings) =>
        $"no models yet: pull one, put GGUF files below {settings.ModelsPath}, or start it with --demo";

    private static string ListModels(IReadOnlyList<ModelEntry> models)
    {
        IEnumerable<string> shown = models.Take(MaxShownModels).Select(static model =>
            model.Modes.Count == 0 ? Short(model) : $"{Short(model)} ({string.Join(", ", model.Modes.Select(ModeText.Format))})");
        int more = models.Count - MaxShownModels;
        return string.Join(", ", shown) + (more > 0 ? string.Create(CultureInfo.InvariantCulture, $" and {more} more") : "");
    }

    private static string Curl(DaemonSettings settings, string? address, ModelEntry model, bool isChat)
    {
        string name = JsonEncodedText.Encode(Short(model)).ToString();
        string body = isChat
            ? $$"""{"model":"{{name}}","messages":[{"role":"user","content":"Hello"}]}"""
            : $$"""{"model":"{{name}}","input":"Hello"}""";
        string target = address ?? $"--unix-socket {Quote(settings.Listen.SocketPath!)} http://localhost";
        string key = address is not null && settings.RequiresKey ? $" -H \"Authorization: Bearer ${KeyVariable}\"" : "";
        string trust = address is not null && settings.Listen.Tls?.AuthorityPath is { } authority ? $"--cacert {Quote(authority)} " : "";
        return $"curl {trust}{target}/v1/{(isChat ? "chat/completions" : "embeddings")} -H 'Content-Type: application/json'{key} -d {Quote(body)}";
    }

    // Without an address the command asks the socket of the folder in which it runs, or the only daemon of this user.
    private static string Run(DaemonSettings settings, string? address, string model, string program, string workingDirectory)
    {
        string? socket = settings.Listen.SocketPath;
        string host = socket is not null ? $"unix:{socket}" : address!;
        bool isFound = socket == Path.Join(workingDirectory, ListenResolver.DefaultSocketName);

        // The key of the environment is only sent to an address that the environment names.
        bool needsKey = socket is null && settings.RequiresKey;
        string before = needsKey ? $"MODEL_RUNNER_HOST={host} " : "";
        string flag = isFound || needsKey ? "" : $"--host {Quote(host)} ";
        return $"{before}{Quote(program)} run {flag}{(model.StartsWith('-') ? "-- " : "")}{Quote(model)}";
    }

    private static string Short(ModelEntry model) =>
        model.Reference.EndsWith(LatestTag, StringComparison.Ordinal) ? model.Reference[..^LatestTag.Length] : model.Reference;
}
