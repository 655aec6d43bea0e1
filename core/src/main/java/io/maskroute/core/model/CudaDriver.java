package io.maskroute.core.model;

import com.sun.jna.Library;
import com.sun.jna.ptr.IntByReference;
import com.sun.jna.ptr.PointerByReference;

/**
 * The few functions of NVIDIA's driver library that are needed here, as the CUDA Driver API names them. They return 0 or the
 * number of an error. The driver counts devices as libtorch does, those that {@code CUDA_VISIBLE_DEVICES} hides left out, and
 * is there wherever CUDA can run; CUDA's runtime library, which DJL asks, is not.
 */
interface CudaDriver extends Library {
    String LIBRARY = "libcuda.so.1";

    /** Of {@code CUdevice_attribute}. */
    int COMPUTE_CAPABILITY_MAJOR = 75;

    /** @param flags 0 */
    int cuInit(int flags);

    int cuDeviceGetCount(IntByReference count);

    int cuDeviceGet(IntByReference device, int ordinal);

    int cuDeviceGetAttribute(IntByReference value, int attribute, int device);

    int cuGetErrorName(int error, PointerByReference name);
}
