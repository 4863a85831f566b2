using ModelRunner.Daemon.Inference.Bodies;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Pulling;

namespace ModelRunner.Daemon.Api;

/// <summary>The routes that make models of archives, archives of models, and models of other models.</summary>
internal sealed class ArchiveRoutes(
    ModelPulls pulls, ModelCatalog catalog, StoredModels stored, RequestBodies bodies, TimeProvider time, CancellationToken stopping)
{
    public void Map(IEndpointRouteBuilder routes, ModelActions actions)
    {
        new LoadEndpoint(pulls, catalog, time, stopping).Map(routes);
        new ExportEndpoint(pulls, stored).AddTo(actions);
        new RepackageEndpoint(pulls, catalog, stored, bodies, time).AddTo(actions);
    }
}
