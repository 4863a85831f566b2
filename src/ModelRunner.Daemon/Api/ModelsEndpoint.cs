using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Api;

/// <summary>Lists the models in the formats of OpenAI and of Docker Model Runner.</summary>
internal sealed class ModelsEndpoint(ModelCatalog catalog, ModelRights rights, ModelProblemLog problems, BackendDirectory backends, ModelActions actions)
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
        routes.MapMethods("/models/{**reference}", ReadMethods, ShowForDockerAsync).AcceptsEveryKey();
    }

    private async Task ListForDockerAsync(HttpContext context)
    {
        IReadOnlyList<ModelEntry> models = rights.Filter(Caller.Of(context), await catalog.ListAsync(context.RequestAborted));
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => ModelsResponse.WriteDockerList(json, models));
    }

    private Task ShowForDockerAsync(HttpContext context) =>
        actions.TryFind(context, ModelPath.Read(context), out Func<Task>? run) ? run() : ShowAsync(context, ModelsResponse.WriteDocker);

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

        ModelEntry model = await rights.FindAsync(Caller.Of(context), ModelPath.Read(context), context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, json => write(json, model));
    }

    private void CheckBackend(HttpContext context)
    {
        if (context.Request.RouteValues["backend"] is string backend && !backends.Names.Contains(backend, StringComparer.Ordinal))
            throw new ApiException(ApiErrors.UnknownBackend(backend, backends.Names));
    }
}
