using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>Lists the models in the format of OpenAI.</summary>
internal sealed class ModelsEndpoint(ModelCatalog catalog, ModelRights rights, ModelProblemLog problems, BackendDirectory backends)
{
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (string prefix in (string[])["/v1", "/engines/v1", "/engines/{backend}/v1"])
        {
            routes.MapMethods(prefix + "/models", ReadMethods, ListAsync).AcceptsEveryKey();
            routes.MapMethods(prefix + "/models/{**reference}", ReadMethods, ShowAsync).AcceptsEveryKey();
        }
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

    private async Task ShowAsync(HttpContext context)
    {
        CheckBackend(context);

        ModelEntry model = await rights.FindAsync(Caller.Of(context), ModelPath.Read(context), context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => ModelsResponse.WriteOpenAi(json, model));
    }

    private void CheckBackend(HttpContext context)
    {
        if (context.Request.RouteValues["backend"] is string backend && !backends.Names.Contains(backend, StringComparer.Ordinal))
            throw new ApiException(ApiErrors.UnknownBackend(backend, backends.Names));
    }
}
