using System.Globalization;

namespace ModelRunner.Configuration;

/// <summary>
/// What a client has changed in the settings of one model while the daemon runs. It has precedence over the configuration file. Immutable.
/// </summary>
internal sealed record ModelOverride
{
    /// <summary>The value of <see cref="ContextSize"/> for the whole context of the model.</summary>
    public const int WholeContext = -1;

    private const string ReasoningArgument = "--reasoning-budget";

    /// <summary>Nothing is changed.</summary>
    public static ModelOverride None { get; } = new();

    /// <summary>Tokens of context per slot, or <see cref="WholeContext"/>; null: not changed.</summary>
    public int? ContextSize { get; init; }

    /// <summary>Whether its runners get the largest context that fits into the memory.</summary>
    public bool HasAutoContext { get; init; }

    /// <summary>How long its idle runners stay loaded; negative: no limit; null: not changed.</summary>
    public TimeSpan? KeepAlive { get; init; }

    /// <summary>Checked arguments that follow those of the file; null: not changed.</summary>
    public IReadOnlyList<string>? Arguments { get; init; }

    /// <summary>The tokens that a model may think; -1: no limit; null: not changed.</summary>
    public int? ReasoningBudget { get; init; }

    /// <summary>Its draft model; null: not changed, or <see cref="HasNoDraft"/>.</summary>
    public DraftSettings? Draft { get; init; }

    /// <summary>Whether it gets no draft model, also not that of the file.</summary>
    public bool HasNoDraft { get; init; }

    /// <summary>Whether nothing is changed.</summary>
    public bool IsEmpty => this is
    {
        ContextSize: null, HasAutoContext: false, KeepAlive: null, Arguments: null, ReasoningBudget: null, Draft: null, HasNoDraft: false,
    };

    /// <summary>Whether the size of the context is given twice: as a member and as an argument.</summary>
    public bool HasTwoContexts => (ContextSize is not null || HasAutoContext) && NamesContext(Arguments ?? []);

    /// <summary>The arguments that are added to those of the file.</summary>
    public IReadOnlyList<string> AddedArguments
    {
        get
        {
            List<string> added = [.. Arguments ?? []];
            if (ContextSize == WholeContext)
                added.AddRange([LlamaArguments.ContextArgument, "0"]);
            if (ReasoningBudget is { } budget)
                added.AddRange([ReasoningArgument, budget.ToString(CultureInfo.InvariantCulture)]);
            return added;
        }
    }

    /// <summary>The settings of the file with these changes. The context size replaces that of the file, also one that is an argument there.</summary>
    public ModelSettings ApplyTo(ModelSettings written)
    {
        bool replacesContext = ContextSize is not null || HasAutoContext || NamesContext(Arguments ?? []);
        IReadOnlyList<string> arguments = [.. replacesContext ? WithoutContext(written.Arguments) : written.Arguments, .. AddedArguments];
        return written with
        {
            ContextSize = replacesContext ? (ContextSize > 0 ? ContextSize : null) : written.ContextSize,
            HasAutoContext = replacesContext ? HasAutoContext : written.HasAutoContext,
            KeepAlive = KeepAlive ?? written.KeepAlive,
            Draft = HasNoDraft ? null : Draft ?? written.Draft,
            Arguments = arguments,
        };
    }

    /// <summary>Whether both change the same.</summary>
    public bool IsSameAs(ModelOverride other) => this with { Arguments = other.Arguments } == other
        && (Arguments is null ? other.Arguments is null : other.Arguments is not null && Arguments.SequenceEqual(other.Arguments, StringComparer.Ordinal));

    private static bool NamesContext(IReadOnlyList<string> arguments) => arguments.Contains(LlamaArguments.ContextArgument, StringComparer.Ordinal);

    private static List<string> WithoutContext(IReadOnlyList<string> arguments)
    {
        var rest = new List<string>(arguments.Count);
        for (int i = 0; i < arguments.Count; i++)
        {
            if (string.Equals(arguments[i], LlamaArguments.ContextArgument, StringComparison.Ordinal))
                i++;
            else
                rest.Add(arguments[i]);
        }

        return rest;
    }
}
