using ModelRunner.Scheduling;

namespace ModelRunner.Configuration;

/// <summary>Reads the members of a model that select its engine of the section <c>engines</c>.</summary>
internal sealed class ModelEngineReader(
    IReadOnlyDictionary<string, EngineSettings> engines, IReadOnlyDictionary<string, LlamaBuild> builds, List<ConfigurationProblem> problems)
{
    /// <summary>Members for llama.cpp only.</summary>
    private static readonly string[] LlamaMembers = ["mmproj", "draft", "contextSize", "args"];

    /// <summary>Members that need the member <c>engine</c>.</summary>
    private static readonly string[] OwnMembers = ["mode", "backend", "modelName", "memory"];

    /// <summary>Completes the settings of a model by its members <c>engine</c>, <c>mode</c>, <c>backend</c>, <c>modelName</c> and <c>memory</c>.</summary>
    public ModelSettings Complete(ModelSettings model, FileObjectReader members)
    {
        WrittenValue? written = members.Text("engine");
        WrittenValue? mode = members.Text("mode");
        WrittenValue? backend = members.Text("backend");
        WrittenValue? modelName = members.Text("modelName");
        long? memory = members.Size("memory", EngineSettings.LeastMemory, EngineSettings.MostMemory);
        if (written is null)
        {
            if (!members.Has("engine"))
                RefuseAll(OwnMembers, members, "is of no use without engine", "name an engine of the section engines, or leave it out");
            return model;
        }

        if (builds.ContainsKey(written.Text))
        {
            RefuseAll(OwnMembers, members, $"is of no use with engine {written.Text}, a build of llama-server", "leave it out");
            return model with { Build = written.Text };
        }

        RefuseAll(LlamaMembers, members, $"is only for llama.cpp and not for engine {written.Text}", "write it into the engine's command, or leave it out");
        bool isGood = LabelText.Check(backend, problems) & ServerModelName.Check(modelName, problems);
        RunnerMode? parsed = ParseMode(mode, members);
        if (Find(written) is not { } engine || !isGood || parsed is null)
            return model;
        return model with
        {
            Engine = engine,
            Mode = parsed,
            Backend = backend?.Text ?? engine.Name,
            ModelName = modelName?.Text.Trim(),
            MemoryBytes = memory ?? engine.MemoryBytes,
        };
    }

    private EngineSettings? Find(WrittenValue written)
    {
        if (engines.TryGetValue(written.Text, out EngineSettings? engine))
            return engine;

        string[] names = [.. engines.Keys, .. builds.Keys];
        string remedy = Spelling.Closest(written.Text, names) is { } closest ? $"did you mean {closest}?"
            : names.Length == 0 ? "add the section engines, or leave engine out to run the model with llama.cpp"
            : $"the section has {string.Join(", ", names)}; leave engine out to run the model with llama.cpp";
        problems.Add(new ConfigurationProblem(written.Key, written.Text, "is not in the section engines", remedy));
        return null;
    }

    private RunnerMode? ParseMode(WrittenValue? written, FileObjectReader members)
    {
        const string Modes = "completion, embedding or reranking";
        if (written is null)
        {
            if (!members.Has("mode"))
                problems.Add(new ConfigurationProblem(members.Location, null, "has an engine and lacks mode", $"add mode: {Modes}"));
            return null;
        }

        if (ModeText.TryParse(written.Text, out RunnerMode mode))
            return mode;

        problems.Add(new ConfigurationProblem(written.Key, written.Text, "is not a mode", $"write {Modes}"));
        return null;
    }

    private void RefuseAll(IEnumerable<string> names, FileObjectReader members, string reason, string remedy)
    {
        foreach (string name in names.Where(members.Has))
            problems.Add(new ConfigurationProblem($"{members.Location}.{name}", null, reason, remedy));
    }
}
