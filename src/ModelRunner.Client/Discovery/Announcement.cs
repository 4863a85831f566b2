using ModelRunner.Linux.Files;

namespace ModelRunner.Client.Discovery;

/// <summary>
/// One daemon's file in the registry. Disposing it removes the file; it may be disposed from any thread and more than once. It keeps the
/// folder open, because a daemon that ends at its limit of open files could not open it then.
/// </summary>
internal sealed class Announcement(PrivateFolder folder, string folderPath, string name) : IDisposable
{
    private readonly Lock _lock = new();
    private bool _isRemoved;

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isRemoved)
                return;

            _isRemoved = true;
            try
            {
                File.Delete(Path.Join(folder.Path, name));
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // Clients see that this process has ended.
            }

            folder.Dispose();
        }

        PrivateFolder.RemoveIfEmpty(folderPath);
    }
}
