using ModelRunner.Daemon.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>Looks into a model's file and decides what its runners are started with.</summary>
internal sealed class ModelEntryFactory(RunnerSettings runners)
{
    /// <summary>As llama-server's own default.</summary>
    private const int DefaultSlots = 4;

    /// <summary>
    /// The most that is taken unasked. A model's own context may be 128 Ki tokens and more, whose cache would fill the memory of a small
    /// machine; who needs it says so by <c>contextSize</c>.
    /// </summary>
    private const int DefaultContextSize = 4096;

    private readonly HeaderCache _headers = new();

    /// <summary>Makes the entry, or says why the model cannot be used in a clause that follows its reference.</summary>
    public ModelEntry? Create(ModelSource source, out string? problem)
    {
        problem = null;
        if (source.File is null)
        {
            if (source.AttachedModes.Count > 0)
                return new ModelEntry(source.Reference.ToString(), null, 0, default, source.Settings) { Modes = source.AttachedModes };

            problem = "has no file: nothing in the model store has its name, and its entry in the configuration has no path";
            return null;
        }

        GgufReadOutcome outcome = _headers.Read(source.File);
        if (outcome.Header is { } header)
            return Create(source, source.File, header);
        if (source.AttachedModes.Count > 0)
            return Create(source with { File = null }, out problem);

        problem = $"cannot be used: its file {source.File.ShownName} {outcome.Problem}";
        return null;
    }

    private ModelEntry Create(ModelSource source, ModelFile file, GgufHeader header)
    {
        IReadOnlyList<RunnerMode> modes = ModelModes.Of(header);
        int slots = Math.Clamp(FindArgument(source, "--parallel") ?? DefaultSlots, 1, 256);
        int trained = (int)Math.Min(header.ContextLength, int.MaxValue);
        int contextSize = source.Settings.ContextSize
            ?? ContextSizeOfArguments(source, slots)
            ?? Math.Min(trained, DefaultContextSize);
        return new ModelEntry(source.Reference.ToString(), file.Path, file.SizeBytes, file.Written, source.Settings)
        {
            Modes = [.. modes.Concat(source.AttachedModes).Distinct()],
            ContextSize = contextSize,
            Slots = slots,
            MemoryBytes = MemoryEstimate.Bytes(header, file.SizeBytes, (long)contextSize * slots),
            Header = header,
        };
    }

    // llama-server's argument counts all slots together; 0 stands for the model's own.
    private int? ContextSizeOfArguments(ModelSource source, int slots) =>
        FindArgument(source, "--ctx-size") is { } total and > 0 ? Math.Max(1, total / slots) : null;

    private int? FindArgument(ModelSource source, string name) =>
        LlamaArguments.FindInteger(source.Settings.Arguments, name) ?? LlamaArguments.FindInteger(runners.ExtraArguments, name);
}
