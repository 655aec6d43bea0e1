/**
 * Families of models: {@link io.maskroute.core.family.Family} is what a family has of its own, {@link
 * io.maskroute.core.family.Families} lists those that are known. Each is a package below this one with its sizes, its tensors'
 * names, its prompts and its tower; a new one is such a package and a line in the list. The other packages of this module call a
 * family through the interface, and a family stands on their building blocks; neither asks for a family by name.
 */
package io.maskroute.core.family;
