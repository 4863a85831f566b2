namespace ModelRunner.Daemon.Discovery;

/// <summary>One daemon's file in the registry. Disposing it, from any thread and more than once, takes it back.</summary>
internal sealed class Announcement(string folderPath, string name) : IDisposable
{
    public void Dispose()
    {
        using (PrivateFolder? folder = PrivateFolder.TryOpen(folderPath, create: false))
        {
            if (folder is null)
                return;

            try
            {
                File.Delete(Path.Join(folder.Path, name));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Clients see that this process is gone.
            }
        }

        PrivateFolder.RemoveIfEmpty(folderPath);
    }
}
