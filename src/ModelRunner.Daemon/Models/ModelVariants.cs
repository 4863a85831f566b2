using ModelRunner.Configuration;
using ModelRunner.Store.HuggingFace;

namespace ModelRunner.Daemon.Models;

/// <summary>Says which models are variants of each other by their names, such as other quantizations. Immutable.</summary>
internal sealed class ModelVariants
{
    private readonly ILookup<string, ModelSource> _byBase;

    /// <param name="sources">All models.</param>
    public ModelVariants(IReadOnlyList<ModelSource> sources) => _byBase = sources
        .SelectMany(static source => NamesOf(source).Select(name => (Base: name, Source: source)))
        .ToLookup(static one => one.Base, static one => one.Source, StringComparer.Ordinal);

    /// <summary>The other models with the same name and another tag, or with a name that differs only in the quantization.</summary>
    public IEnumerable<ModelSource> Find(ModelSource source) =>
        NamesOf(source).SelectMany(name => _byBase[name]).Where(other => other.Reference != source.Reference).Distinct();

    /// <summary>The name without the quantization at its end, such as <c>fox</c> for <c>fox-q4_k_m</c>.</summary>
    public static string BaseOf(ModelReference reference)
    {
        string name = reference.Name;
        for (int i = 1; i < name.Length - 1; i++)
        {
            if (name[i] is '-' or '.' or '_' && QuantizationRank.IsQuantization(name[(i + 1)..]))
                return name[..i];
        }

        return name;
    }

    private static IEnumerable<string> NamesOf(ModelSource source) =>
        source.OtherNames.Select(static name => name.Reference).Prepend(source.Reference).Select(BaseOf).Distinct(StringComparer.Ordinal);
}
