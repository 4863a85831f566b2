using System.CommandLine;
using System.Globalization;
using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Linux;

namespace ModelRunner.Cli;

/// <summary><c>model-runner key add</c>: makes a key, prints it once, and stores its digest.</summary>
internal sealed class KeyAddCommand : KeysFileCommand
{
    /// <summary>The start of every key, by which scanners of published files find it.</summary>
    public const string Prefix = "mrk_";

    private const int RandomBytesOfKey = 32;

    private readonly Argument<string> _name = new("NAME") { Description = "The name of the key, which is shown" };

    private readonly Option<string[]> _scopes = new("--scope")
    {
        Description = "What the key may be used for; may be repeated [default: inference]", HelpName = "SCOPE",
    };

    private readonly Option<string[]> _models = new("--models")
    {
        Description = "The models that the key may use: names, aliases or patterns such as qwen*, separated by commas [default: all]", HelpName = "MODELS",
    };

    private readonly Option<string> _priority = new("--priority")
    {
        Description = "The highest class of its requests, interactive or background [default: interactive]", HelpName = "CLASS",
    };

    private readonly Option<string> _concurrency = new("--concurrency") { Description = "The most requests in flight", HelpName = "N" };

    private readonly Option<string> _day = new("--tokens-per-day") { Description = "The most tokens of a day in UTC", HelpName = "N" };

    private readonly Option<string> _month = new("--tokens-per-month") { Description = "The most tokens of a month in UTC", HelpName = "N" };

    private readonly Option<string> _expires = new("--expires") { Description = "The last day on which the key works, or a time in UTC", HelpName = "DATE" };

    public KeyAddCommand(CliContext context)
        : base("add", "Make a key and print it once", context)
    {
        Add(_name);
        foreach (Option option in (Option[])[_scopes, _models, _priority, _concurrency, _day, _month, _expires])
            Add(option);
    }

    protected override async Task RunAsync(ParseResult result, KeysFileEditor editor, CancellationToken cancellationToken)
    {
        string secret = Make();
        KeySettings key = Read(result, KeyDigest.Of(secret));
        bool isFirst = false;
        await editor.EditAsync(
            content =>
            {
                if (editor.Section.Any(other => other.Name == key.Name))
                    throw Taken(key, "in the section keys of the configuration file", "remove it there");
                if (content.Keys.Any(other => other.Name == key.Name))
                    throw Taken(key, "already", $"run \"model-runner key revoke {key.Name}\" first");
                isFirst = !content.IsPresent;
                return content.Keys.Append(key);
            },
            Context.Time, cancellationToken);

        // The key comes first: nobody can make it again if the output ends early.
        if (IsJson(result))
        {
            WriteJson(json =>
            {
                json.WriteStartObject();
                json.WriteString("name"u8, key.Name);
                json.WriteString("key"u8, secret);
                KeyText.WriteLimits(json, key);
                json.WriteString("file"u8, editor.Path);
                json.WriteEndObject();
            });
        }
        else
        {
            Console.WriteLine(secret);
            Console.WriteError($"the key \"{key.Name}\" is not shown again; its SHA-256 is in {editor.Path}");
        }

        if (isFirst)
            Console.WriteError("a daemon that uses this file requires a key from now on, except on its Unix socket");
    }

    private static CliFailure Taken(KeySettings key, string place, string remedy) =>
        new($"there is a key \"{key.Name}\" {place}: choose another name, or {remedy}", ExitCode.Failure);

    private static string Make()
    {
        Span<byte> random = stackalloc byte[RandomBytesOfKey];
        RandomBytes.Fill(random);
        return Prefix + Convert.ToHexStringLower(random);
    }

    private KeySettings Read(ParseResult result, KeyDigest digest)
    {
        string name = result.GetValue(_name)!;
        if (KeyName.FindProblem(name) is var (reason, remedy))
            throw new CliFailure($"\"{name}\" {reason}; {remedy}", ExitCode.Usage);
        string[] scopes = Split(result.GetValue(_scopes));
        string[] models = Split(result.GetValue(_models));
        string priority = result.GetValue(_priority) ?? "interactive";
        return new KeySettings(name, digest)
        {
            Priority = PriorityText.TryParse(priority, out var parsed)
                ? parsed
                : throw new CliFailure($"--priority: \"{priority}\" is not {PriorityText.Words}", ExitCode.Usage),
            Scopes = scopes.Length == 0 ? KeyScopes.Inference : scopes.Select(ReadScope).Aggregate(static (all, scope) => all | scope),
            Models = [.. models.Select(ReadModel)],
            Concurrency = (int?)ReadNumber(result.GetValue(_concurrency), "--concurrency", KeyReader.MaxConcurrency),
            TokensPerDay = ReadNumber(result.GetValue(_day), "--tokens-per-day", KeyReader.MaxTokens),
            TokensPerMonth = ReadNumber(result.GetValue(_month), "--tokens-per-month", KeyReader.MaxTokens),
            ExpiresAt = result.GetValue(_expires) is { } expires ? ReadExpiry(expires) : null,
        };
    }

    private static string[] Split(string[]? values) => [.. (values ?? []).SelectMany(static value => value.Split(',', StringSplitOptions.TrimEntries))];

    private static KeyScopes ReadScope(string text) => KeyScopeText.TryParse(text, out KeyScopes scope)
        ? scope
        : throw new CliFailure($"--scope: \"{text}\" is not {KeyScopeText.Expected}", ExitCode.Usage);

    private static ModelPattern ReadModel(string text) => ModelPattern.TryParse(text, out string? problem)
        ?? throw new CliFailure($"--models: \"{text}\" {problem}; write names such as qwen3:8b, or patterns such as qwen*", ExitCode.Usage);

    private static long? ReadNumber(string? text, string flag, long maximum)
    {
        if (text is null)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number >= 1 && number <= maximum
            ? number
            : throw new CliFailure($"{flag}: \"{text}\" is not a whole number from 1 to {maximum}", ExitCode.Usage);
    }

    private DateTimeOffset ReadExpiry(string text)
    {
        if (!ExpiryText.TryParse(text, out DateTimeOffset expiresAt))
            throw new CliFailure($"--expires: \"{text}\" is not a time; write {ExpiryText.Expected}", ExitCode.Usage);
        return expiresAt > Context.Time.GetUtcNow()
            ? expiresAt
            : throw new CliFailure($"--expires: \"{text}\" has passed; write a later one", ExitCode.Usage);
    }
}
