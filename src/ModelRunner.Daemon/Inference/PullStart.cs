using ModelRunner.Configuration;
using ModelRunner.Daemon.Pulling;
using ModelRunner.Daemon.Responses;
using ModelRunner.Store.Http;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Inference;

/// <summary>Begins pulls for clients.</summary>
internal static class PullStart
{
    /// <summary>Begins to pull a model, or follows the pull that runs. The queue must be told when the client leaves.</summary>
    /// <param name="pulls">All pulls.</param>
    /// <param name="name">The model.</param>
    /// <param name="token">The token of the client for the registry; null: none.</param>
    /// <param name="mustFetch">As in <see cref="PullQueue.Join"/>.</param>
    /// <param name="limit">As in <see cref="PullQueue.Join"/>.</param>
    /// <exception cref="ApiException">This system cannot pull.</exception>
    public static Pull Join(ModelPulls pulls, ArtifactName name, string? token = null, bool mustFetch = false, long? limit = null)
    {
        ApiErrors.RequireOpenSsl("pulling a model", $"{OpenSslLibrary.Remedy} and the package ca-certificates");
        try
        {
            return pulls.Queue.Join(name, token, mustFetch, limit);
        }
        catch (RemoteException failure)
        {
            // The file of authorities was replaced since the start.
            throw new ApiException(new ApiError(StatusCodes.Status500InternalServerError, failure.Message, ApiError.Server) { CanRetryHelp = false });
        }
    }
}
