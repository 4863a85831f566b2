using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Api;

/// <summary><c>POST /models/NAME/tag?repo=&amp;tag=</c>: gives a pulled model one more name. Another model that has the name loses it.</summary>
internal sealed class TagEndpoint(ModelCatalog catalog, StoredModels stored)
{
    private const int MaxShown = 200;

    public void AddTo(ModelActions actions) => actions.Add(HttpMethods.Post, "tag", HandleAsync);

    private async Task HandleAsync(HttpContext context, string written)
    {
        RequestMembers.CheckSpelling(context.Request.Query, "repo", "tag");
        string target = ReadTarget(context.Request.Query).ToString();
        try
        {
            await stored.TagAsync(
                written, target, "and only pulled models get names; give it an alias in the configuration", context.RequestAborted);
        }
        catch (StoreException failure)
        {
            throw StoredModels.Explain(failure, written);
        }

        await catalog.FindPulledAsync(context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status201Created, json =>
        {
            json.WriteStartObject();
            json.WriteString("message"u8, $"Model tagged successfully with \"{target}\"");
            json.WriteString("target"u8, target);
            json.WriteEndObject();
        });
    }

    private static ArtifactName ReadTarget(IQueryCollection query)
    {
        (string repository, string tag) = (query["repo"].ToString(), query["tag"].ToString());
        if (repository.Length == 0 || tag.Length == 0)
            throw new ApiException(ApiError.Invalid("missing repo or tag query parameter", repository.Length == 0 ? "repo" : "tag"));
        string text = $"{repository}:{tag}";
        if (text.Contains('@', StringComparison.Ordinal))
            throw Refuse(text, "has a digest, which follows from the model; leave it out");
        return ArtifactNameParser.TryParse(text, out ArtifactName? name, out string? problem) ? name! : throw Refuse(text, problem!);
    }

    private static ApiException Refuse(string text, string problem) =>
        new(ApiError.Invalid($"the name \"{PlainText.EscapeAndCut(text, MaxShown)}\" {problem}", "repo"));
}
