/**
 * What processes of one machine share on its disk. Depends on the JDK, {@code error}, and for the folder of native libraries on DJL, which
 * names it.
 */
package io.maskroute.core.files;
