using System.Globalization;
using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http;

/// <summary>Tokens that a request sends as numbers instead of text.</summary>
internal static class TokenList
{
    /// <summary>Whether the value is a list of numbers.</summary>
    public static bool IsIn(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number;

    /// <summary>Reads the numbers.</summary>
    /// <exception cref="ApiException">One of them is not a token of the model.</exception>
    public static LLamaToken[] Read(string name, JsonElement value, LoadedModel model) =>
        [.. value.EnumerateArray().Select(item => ReadToken(name, item, model))];

    /// <summary>Reads one number.</summary>
    /// <exception cref="ApiException">It is not a token of the model.</exception>
    public static LLamaToken ReadToken(string name, JsonElement item, LoadedModel model)
    {
        int known = model.Model.Vocab.Count;
        return item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int id) && id >= 0 && id < known
            ? (LLamaToken)id
            : throw RequestBody.Wrong(name, item, string.Create(CultureInfo.InvariantCulture, $"made of tokens from 0 to {known - 1}"));
    }
}
