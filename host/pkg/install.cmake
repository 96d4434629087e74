# install.cmake - what `cmake --install` puts where: headers, both libraries, the program, and two ways to find them.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(DIRECTORY include/urn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET urn_program)
  install(TARGETS urn_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(NOT TARGET urn_shared)
  return()
endif()

install(TARGETS urn_shared urn_static urn_host_shared EXPORT urnTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/urn)
install(EXPORT urnTargets NAMESPACE urn:: DESTINATION ${package_dir})
configure_package_config_file(host/pkg/urnConfig.cmake.in ${PROJECT_BINARY_DIR}/urnConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/urnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/urnConfig.cmake ${PROJECT_BINARY_DIR}/urnConfigVersion.cmake
        DESTINATION ${package_dir})

# Libs.private is what `pkg-config --static` adds: the link line of liburn.a
set(URN_PC_PRIVATE "-lm -lpthread -ldl -lrt")
if(URN_OPENMP_ON)
  string(APPEND URN_PC_PRIVATE " -lgomp")
endif()
if(URN_SIMT_ON)
  string(APPEND URN_PC_PRIVATE " -lboost_context -lstdc++")
endif()
if(URN_CUDA_ON)
  string(APPEND URN_PC_PRIVATE " -L${CUDAToolkit_LIBRARY_DIR} -lcudart_static -lstdc++")
endif()
foreach(dir LIBDIR INCLUDEDIR)
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
    set(URN_PC_${dir} "${CMAKE_INSTALL_${dir}}")
  else()
    set(URN_PC_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
  endif()
endforeach()
file(RELATIVE_PATH URN_PC_UP /root/${CMAKE_INSTALL_LIBDIR}/pkgconfig /root) # the tree may be moved after installation
configure_file(host/pkg/urn.pc.in ${PROJECT_BINARY_DIR}/urn.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/urn.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
