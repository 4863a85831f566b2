using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Api;

/// <summary>
/// The body of <c>POST /engines/_configure</c>, in Docker Model Runner's shape. It changes only what it names; <c>null</c> takes a change back.
/// </summary>
internal sealed class ConfigureRequest
{
    private const int MaxShown = 200;
    private const string Example = "send {\"model\": \"name\", \"context-size\": 8192}";

    private static readonly string[] Members =
    [
        "model", "mode", "context-size", "runtime-flags", "raw-runtime-flags", "keep_alive", "llamacpp", "speculative", "vllm",
    ];

    private readonly List<Func<ModelOverride, ModelOverride>> _changes = [];
    private readonly List<string> _descriptions = [];

    private ConfigureRequest(string model) => Model = model;

    /// <summary>The reference as the client wrote it; not empty.</summary>
    public string Model { get; }

    /// <summary>The mode that the client has in mind; null: any.</summary>
    public RunnerMode? Mode { get; private init; }

    /// <summary>What is changed, in the words of the request; empty: nothing is.</summary>
    public IReadOnlyList<string> Descriptions => _descriptions;

    /// <summary>Whether anything but the keep-alive time is changed, which needs an engine of llama.cpp.</summary>
    public bool ChangesEngine { get; private set; }

    /// <summary>Whether it gives the model a draft model, or takes a change of it back or away.</summary>
    public bool ChangesDraft { get; private set; }

    /// <summary>The draft model, first as the client wrote it; null: none, or it is not changed.</summary>
    public DraftSettings? Draft { get; set; }

    /// <summary>The earlier changes with those of this request.</summary>
    public ModelOverride ApplyTo(ModelOverride earlier) => _changes.Aggregate(earlier, static (settings, change) => change(settings));

    /// <summary>Reads the body.</summary>
    /// <exception cref="ApiException">The body is not JSON, has another shape, or a value that is not allowed.</exception>
    public static ConfigureRequest Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            throw Refuse($"the request's body is not valid JSON; {Example}");
        }
        catch (InvalidOperationException)
        {
            throw Refuse("a text of the request contains an unpaired surrogate; send valid Unicode");
        }
    }

    private static ConfigureRequest Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Refuse($"the request's body is not a JSON object; {Example}");
        RequestMembers.CheckSpelling(root, Members);

        string model = Text(root, "model") ?? "";
        if (model.Length == 0)
            throw Refuse($"the request names no model; {Example}", "model");
        var request = new ConfigureRequest(model) { Mode = ReadMode(Text(root, "mode")) };
        request.ReadContext(root);
        request.ReadFlags(root);
        request.ReadKeepAlive(root);
        request.ReadReasoning(root);
        request.ReadDraft(root);
        RefuseOtherEngines(root);
        return request;
    }

    private void ReadContext(JsonElement root)
    {
        const string Name = "context-size";
        if (!root.TryGetProperty(Name, out JsonElement value))
            return;
        ChangesEngine = true;
        bool isAuto = value.ValueKind == JsonValueKind.String && value.ValueEquals("auto"u8);
        int? size = null;
        if (!isAuto && value.ValueKind != JsonValueKind.Null)
        {
            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int number)
                || number is < ModelOverride.WholeContext or > ModelsSection.MaxContextSize)
            {
                throw Refuse(
                    words => $"{words.ContextSize} is {Show(value)}; {words.Send} a number of tokens per slot from 1 to {ModelsSection.MaxContextSize}, "
                        + $"-1 for the whole context of the model{words.OtherContexts}", Name);
            }

            // Older clients of Docker Model Runner send 0 for "not set".
            size = number == 0 ? null : number;
        }

        Add(settings => settings with { ContextSize = size, HasAutoContext = isAuto }, Name, isAuto ? "auto" : size?.ToString(Invariant));
    }

    private void ReadFlags(JsonElement root)
    {
        const string List = "runtime-flags";
        const string Raw = "raw-runtime-flags";
        bool hasList = root.TryGetProperty(List, out JsonElement list);
        bool hasRaw = root.TryGetProperty(Raw, out JsonElement raw) && raw.ValueKind != JsonValueKind.Null && Text(root, Raw) is { Length: > 0 };
        if (!hasList && !hasRaw)
            return;
        if (hasRaw && hasList && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0)
            throw Refuse($"the request has both \"{List}\" and \"{Raw}\"; send one of them", Raw);

        ChangesEngine = true;
        WrittenValue? written = hasRaw ? new WrittenValue(Raw, Text(root, Raw)!, OptionSource.Environment)
            : list.ValueKind == JsonValueKind.Null ? null
            : new WrittenValue(List, "", OptionSource.Environment, Texts(list, List));
        var problems = new List<ConfigurationProblem>();
        IReadOnlyList<string>? flags = written is null ? null : LlamaArguments.Resolve(written, problems);
        if (problems.Count > 0)
        {
            throw Refuse(
                words => string.Join(" ", problems.Take(3).Select(problem => problem.Key == List ? $"{words.FlagsKey}{problem.WithoutKey}" : $"{problem}")),
                hasRaw ? Raw : List);
        }

        Add(settings => settings with { Arguments = flags }, List, flags is null ? null : flags.Count == 0 ? "none" : string.Join(' ', flags));
    }

    private void ReadKeepAlive(JsonElement root)
    {
        const string Name = "keep_alive";
        if (!root.TryGetProperty(Name, out JsonElement value))
            return;
        TimeSpan? time = null;
        if (value.ValueKind != JsonValueKind.Null)
        {
            // Numbers and durations have the same text.
            string text = value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Text(root, Name)!;
            if (!DurationText.TryParseKeepAlive(text, out TimeSpan parsed) || parsed.TotalMilliseconds > ConfigurationCatalog.KeepAlive.Maximum)
            {
                throw Refuse(
                    words => $"{words.KeepAlive} is {Show(value)}; {words.Send} a duration such as \"10m\" (at most 8760h), \"0\" to stop the model after "
                        + "each response, or \"-1\" for no limit", Name);
            }

            time = parsed;
        }

        Add(settings => settings with { KeepAlive = time }, Name, time is { } known ? DurationText.Format(known) : null);
    }

    private void ReadReasoning(JsonElement root)
    {
        const string Section = "llamacpp";
        const string Name = "reasoning-budget";
        if (!root.TryGetProperty(Section, out JsonElement section))
            return;
        int? budget = null;
        if (section.ValueKind != JsonValueKind.Null)
        {
            if (section.ValueKind != JsonValueKind.Object)
                throw Refuse($"\"{Section}\" is {Show(section)}; send an object with \"{Name}\"", Section);
            foreach (JsonProperty member in section.EnumerateObject())
                if (member.Name != Name && member.Value.ValueKind != JsonValueKind.Null)
                    throw Refuse($"\"{Section}\" has no member \"{PlainText.EscapeAndCut(member.Name, MaxShown)}\"; it has \"{Name}\"", Section);
            if (!section.TryGetProperty(Name, out JsonElement value))
                return;
            if (value.ValueKind != JsonValueKind.Null)
            {
                budget = value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= -1
                    ? number
                    : throw Refuse(
                        words => $"{words.ReasoningBudget} is {Show(value)}; {words.Send} a number of tokens, 0 for no thinking, or -1 for no limit", Section);
            }
        }

        ChangesEngine = true;
        Add(settings => settings with { ReasoningBudget = budget }, Name, budget?.ToString(Invariant));
    }

    private void ReadDraft(JsonElement root)
    {
        if (!root.TryGetProperty(ConfigureDraft.Section, out JsonElement section))
            return;
        bool isReset = section.ValueKind == JsonValueKind.Null;
        DraftSettings? draft = null;
        if (!isReset && !ConfigureDraft.TryRead(section, out draft))
            return;
        (ChangesEngine, ChangesDraft) = (true, true);
        Draft = draft;
        Add(
            settings => settings with { Draft = Draft, HasNoDraft = !isReset && draft is null }, "draft model",
            isReset ? null : draft?.Model.ToString() ?? "none");
    }

    // A setting without an effect would mislead the client.
    private static void RefuseOtherEngines(JsonElement root)
    {
        if (HasContent(root, "vllm"))
            throw Refuse("\"vllm\" has no effect here: vLLM is an engine of the configuration file or an attached server; set its flags there", "vllm");
    }

    private static bool HasContent(JsonElement root, string name) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind switch
    {
        JsonValueKind.Null => false,
        JsonValueKind.Object => value.EnumerateObject().Any(static member => member.Value.ValueKind != JsonValueKind.Null),
        _ => true,
    };

    private void Add(Func<ModelOverride, ModelOverride> change, string name, string? value)
    {
        _changes.Add(change);
        _descriptions.Add($"{name} {value ?? "as configured"}");
    }

    private static RunnerMode? ReadMode(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        return ModeText.TryParse(text, out RunnerMode mode)
            ? mode
            : throw Refuse($"\"mode\" is \"{PlainText.EscapeAndCut(text, MaxShown)}\"; send completion, embedding or reranking, or leave it out", "mode");
    }

    private static string? Text(JsonElement root, string name)
    {
        if (!root.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Refuse($"\"{name}\" is {Show(value)}; send a string", name);
    }

    private static string[] Texts(JsonElement list, string name)
    {
        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(static item => item.ValueKind != JsonValueKind.String))
            throw Refuse($"\"{name}\" is not a list of strings; send each flag and each value as one string", name);
        return [.. list.EnumerateArray().Select(static item => item.GetString()!)];
    }

    private static string Show(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        _ => PlainText.EscapeAndCut(value.GetRawText(), MaxShown),
    };

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private static ApiException Refuse(string message, string? param = null) => new(ApiError.Invalid(message, param));

    private static ApiException Refuse(Func<CallerWords, string> message, string? param) => new(ApiError.Invalid(message, param));
}
