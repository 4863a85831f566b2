using Microsoft.AspNetCore.Http.Features;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>Lists the models in the formats of OpenAI and of Docker Model Runner.</summary>
internal sealed class ModelsEndpoint(ModelCatalog catalog, ModelRights rights, ModelProblemLog problems, BackendDirectory backends)
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (string prefix in (string[])["/v1", "/engines/v1", "/engines/{backend}/v1"])
        {
            routes.MapMethods(prefix + "/models", ReadMethods, ListAsync).AcceptsEveryKey();
            routes.MapMethods(prefix + "/models/{**reference}", ReadMethods, context => ShowAsync(context, ModelsResponse.WriteOpenAi)).AcceptsEveryKey();
        }

        routes.MapMethods("/models", ReadMethods, ListForDockerAsync).AcceptsEveryKey();
        routes.MapMethods("/models/{**reference}", ReadMethods, context => ShowAsync(context, ModelsResponse.WriteDocker)).AcceptsEveryKey();
    }

    private async Task ListForDockerAsync(HttpContext context)
    {
        IReadOnlyList<ModelEntry> models = rights.Filter(Caller.Of(context), await catalog.ListAsync(context.RequestAborted));
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => ModelsResponse.WriteDockerList(json, models));
    }

    private async Task ListAsync(HttpContext context)
    {
        CheckBackend(context);
        var caller = Caller.Of(context);
        Task<IReadOnlyList<string>> wrong = problems.ListAsync(context.RequestAborted);
        IReadOnlyList<ModelEntry> models = rights.Filter(caller, await catalog.ListAsync(context.RequestAborted));

        // A problem names a model, which this caller may not be allowed to see.
        IReadOnlyList<string> found = caller.HasOnlySomeModels ? [] : await wrong;
        IReadOnlyList<SourceReport> sources = caller.HasOnlySomeModels ? [] : catalog.ListSources();
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => ModelsResponse.WriteOpenAiList(json, models, found, sources));
    }

    private async Task ShowAsync(HttpContext context, Action<System.Text.Json.Utf8JsonWriter, ModelEntry> write)
    {
        CheckBackend(context);

        ModelEntry model = await rights.FindAsync(Caller.Of(context), ReadReference(context), context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => write(json, model));
    }

    // Routing keeps an escaped slash, so only the raw target of the request tells a name that contains "%2F" from one with a slash.
    private static string ReadReference(HttpContext context)
    {
        string target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Split('?')[0];
        if (target.Contains("%25", StringComparison.Ordinal))
        {
            target = CleanPath.Clean(target);
            string prefix = target.StartsWith("/models/", StringComparison.Ordinal) ? "/models/" : "/v1/models/";
            int start = target.IndexOf(prefix, StringComparison.Ordinal);
            if (start >= 0)
                return Uri.UnescapeDataString(target[(start + prefix.Length)..]);
        }

        return Uri.UnescapeDataString(context.Request.RouteValues["reference"] as string ?? "");
    }

    private void CheckBackend(HttpContext context)
    {
        if (context.Request.RouteValues["backend"] is string backend && !backends.Names.Contains(backend, StringComparer.Ordinal))
            throw new ApiException(ApiErrors.UnknownBackend(backend, backends.Names));
    }
}
