using System.Text.RegularExpressions;

namespace ModelRunner.Store.HuggingFace;

/// <summary>Which quantization is taken if the user names none.</summary>
internal static partial class QuantizationRank
{
    /// <summary>Whether a tag is a quantization and not another part of a file's name.</summary>
    public static bool IsQuantization(string tag) => Pattern().IsMatch(tag);

    /// <summary>The models from the most wanted one: Q4_K_M, another one of four bits, Q8_0, and then the smallest ones.</summary>
    public static IEnumerable<RepositoryModel> Order(IEnumerable<RepositoryModel> models) => models.OrderBy(static model => RankOf(model.Quantization))
        .ThenBy(static model => model.Size).ThenBy(static model => model.Path, StringComparer.Ordinal);

    private static int RankOf(string tag) => tag switch
    {
        "Q4_K_M" => 0,
        _ when tag.StartsWith("Q4_", StringComparison.Ordinal) => 1,
        "Q8_0" => 2,
        _ => 3,
    };

    [GeneratedRegex(
        @"^(?:I?Q[1-9]|TQ[1-9]|BF16|F16|FP16|F32|FP32|MXFP4|NVFP4)(?:_[A-Z0-9_]+)?\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Pattern();
}
