namespace ModelRunner.Daemon.Engines;

/// <summary>
/// Decides which variables engines inherit from the daemon: only variables about the machine. <c>LLAMA_ARG_…</c> would override the daemon's
/// arguments, <c>AIP_…</c> and <c>LLAMA_SERVER_ROUTER_PORT</c> would change the address that the engine listens on, and engines must not get keys.
/// </summary>
internal static class EngineVariables
{
    private static readonly string[] Kept =
    [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "XDG_CACHE_HOME", "XDG_DATA_DIRS", "DOTNET_ROOT",
        "DRI_PRIME", "LP_NUM_THREADS", "ADSP_LIBRARY_PATH",
    ];

    // Variables for drivers, thread pools and ggml's choice of devices.
    private static readonly string[] KeptPrefixes =
    [
        "LC_", "GGML_", "DOTNET_ROOT_",
        "CUDA_", "CUBLAS_", "CUDNN_", "NVIDIA_", "NCCL_",
        "HIP_", "HIPBLASLT_", "HSA_", "HSAKMT_", "ROCBLAS_", "ROCM_", "ROCR_", "RCCL_", "MIOPEN_", "TENSILE_", "AMD_", "AMDGPU_", "GPU_",
        "VK_", "VULKAN_", "__VK_", "__GL", "__NV_", "MESA_", "RADV_", "ANV_", "NVK_", "INTEL_",
        "SYCL_", "ONEAPI_", "ONEDNN_", "DNNL_", "ZE_", "ZES_", "ZET_", "ZEL_", "UR_", "IGC_", "OCL_", "OPENCL_", "NEO_",
        "MUSA_", "MUBLAS_", "MTHREADS_", "MCCL_", "ASCEND_", "ACL_", "HCCL_", "CANN_",
        "OMP_", "GOMP_", "KMP_", "OPENBLAS_", "GOTO_", "BLIS_", "MKL_", "TBB_",
    ];

    private static readonly string[] SecretParts = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];

    /// <summary>Whether a variable of this name is inherited.</summary>
    public static bool IsKept(string name) =>
        (Kept.Contains(name, StringComparer.Ordinal) || KeptPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
        && !SecretParts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
}
