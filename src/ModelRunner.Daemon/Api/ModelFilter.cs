using Microsoft.Extensions.Primitives;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Api;

/// <summary>The parameter <c>model</c> of a request that selects what belongs to one model.</summary>
/// <param name="Reference">The canonical reference; null: the request names no model. A model may have other names, and it may be gone.</param>
/// <param name="Unknown">Says that no model has this name now; null: one has it, or this is not known.</param>
internal readonly record struct ModelFilter(string? Reference, ApiError? Unknown)
{
    private const int MaxValue = 100;

    /// <summary>Reads it. An empty name or several are refused: a script whose variable is empty does not mean all models.</summary>
    /// <exception cref="ApiException">It is no name of a model.</exception>
    public static Task<ModelFilter> ReadOneAsync(HttpContext context, ModelCatalog catalog)
    {
        StringValues written = context.Request.Query["model"];
        return written.Count <= 1 && written != ""
            ? ReadAsync(context, catalog)
            : throw new ApiException(ApiError.Invalid(
                $"the parameter model is {(written.Count > 1 ? "written several times" : "empty")}; name one model, or leave it out for all", "model"));
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="ApiException">It is no name of a model.</exception>
    public static async Task<ModelFilter> ReadAsync(HttpContext context, ModelCatalog catalog)
    {
        string text = context.Request.Query["model"].ToString();
        if (text.Length == 0)
            return default;
        if (!ModelQuery.TryParse(text, out ModelQuery query, out string? problem))
            throw new ApiException(ApiError.Invalid($"\"{PlainText.EscapeAndCut(text, MaxValue)}\" {problem}; write the name of a model", "model"));
        ModelLookup lookup = await catalog.FindAsync(text, context.RequestAborted);
        return new ModelFilter(
            lookup.Model?.Reference ?? lookup.Reference ?? query.ToString(), lookup.Reason == ModelLookupReason.Unknown ? ApiErrors.NotKnown(lookup) : null);
    }
}
